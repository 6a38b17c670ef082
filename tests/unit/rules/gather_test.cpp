#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/config_loader.h"
#include "config/config_text.h"
#include "rule_test_config.h"

// `gather` of a rule and the presets: payloads made of messages that hold one value each.

namespace rtbridge {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// The rules of a configuration text.
class Text {
public:
    explicit Text(const std::string& rules) {
        Diagnostics diagnostics;
        const std::optional<Config> config = parse_config(rules, "test.toml", diagnostics);
        set_ = config ? RuleSet::compile(*config, diagnostics) : nullptr;
        mistakes_ = to_test_text(diagnostics);
    }
    [[nodiscard]] const std::string& mistakes() const { return mistakes_; }

    Outcome apply(std::string_view topic, std::string_view payload, bool retain = false) {
        return set_->apply({.topic = topic, .payload = payload, .retain = retain}, workspace_,
                           clock_);
    }
    // "topic payload" of the only update; empty: there is none.
    std::string told(std::string_view topic, std::string_view payload) {
        const Outcome outcome = apply(topic, payload);
        if (outcome.updates.size() != 1) return "";
        return outcome.updates.front().topic + " " + outcome.updates.front().payload;
    }
    [[nodiscard]] const RuleWorkspace& workspace() const { return workspace_; }
    [[nodiscard]] const RuleSet& set() const { return *set_; }

private:
    std::shared_ptr<const RuleSet> set_;
    RuleWorkspace workspace_;
    FakeClock clock_;
    std::string mistakes_;
};

const std::string plant = R"(
[[rule]]
name = "plant"
[rule.gather]
topic = "plant/{id}"
fields = { power = "raw/{id}/p", on = ["raw/{id}/on", "raw/{id}/enabled"], name = "raw/{id}/name" }
)";

TEST(Gather, MakesOnePayloadOfManyMessages) {
    Text rules(plant);
    ASSERT_EQ(rules.mistakes(), "");
    EXPECT_EQ(rules.told("raw/1/on", "true"), R"(plant/1 {"on":true})");
    EXPECT_EQ(rules.told("raw/1/p", " -12.50 "), R"(plant/1 {"power":-12.5,"on":true})");
    EXPECT_EQ(rules.told("raw/1/name", "roof, \"south\""),
              R"(plant/1 {"power":-12.5,"on":true,"name":"roof, \"south\""})");
    EXPECT_EQ(rules.told("raw/2/p", "7"), R"(plant/2 {"power":7})") << "another plant";
    EXPECT_EQ(rules.told("raw/1/enabled", "false"),
              R"(plant/1 {"power":-12.5,"on":false,"name":"roof, \"south\""})");
}

TEST(Gather, ANullAndAnEmptyPayloadTakeAValueAway) {
    Text rules(plant);
    (void)rules.told("raw/1/on", "true");
    (void)rules.told("raw/1/p", "1");
    EXPECT_EQ(rules.told("raw/1/on", "null"), R"(plant/1 {"power":1})");
    const Outcome cleared = rules.apply("raw/1/p", "", true);
    ASSERT_EQ(cleared.updates.size(), 1U);
    EXPECT_EQ(cleared.updates.front().topic, "plant/1");
    EXPECT_EQ(cleared.updates.front().shape, PayloadShape::Cleared) << "nothing is left";
}

TEST(Gather, LeavesTheMessagesAndOtherRulesAlone) {
    Text rules(plant + R"(
[[rule]]
name = "raw"
topics = ["raw/#"]
mqtt = "replace"
[rule.set]
seen = true
)");
    const Outcome outcome = rules.apply("raw/1/p", R"({"value":5})");
    EXPECT_EQ(outcome.replacement, R"({"value":5,"seen":true})");
    ASSERT_EQ(outcome.updates.size(), 2U);
    EXPECT_EQ(outcome.updates[0].payload, R"({"power":{"value":5}})");
    EXPECT_EQ(outcome.updates[1].topic, "raw/1/p");
    EXPECT_EQ(outcome.updates[1].payload, R"({"value":5,"seen":true})");
}

TEST(Gather, MayBePublished) {
    Text rules(
        "[[rule]]\nname = \"r\"\nmqtt = \"publish:live/{id}\"\n"
        "gather = { topic = \"plant/{id}\", fields = { p = \"raw/{id}/p\" } }\n"
        "compute = { kw = \"p / 1000\" }");
    ASSERT_EQ(rules.mistakes(), "");
    const Outcome outcome = rules.apply("raw/7/p", "500");
    ASSERT_EQ(outcome.publishes.size(), 1U);
    EXPECT_EQ(outcome.publishes.front().topic, "live/7");
    EXPECT_EQ(outcome.publishes.front().payload, R"({"p":500,"kw":0.5})");
    EXPECT_EQ(outcome.updates.front().topic, "live/7");
}

TEST(Gather, WaitsForWhatIsMissingAndTellsWhatIsWrong) {
    Text rules(
        "[[rule]]\nname = \"r\"\nfields = { p = \"number\", soc = \"number 0..100\" }\n"
        "gather = { topic = \"plant/{id}\", "
        "fields = { p = \"raw/{id}/p\", soc = \"raw/{id}/soc\" } }\n");
    const Outcome first = rules.apply("raw/1/p", "5");
    EXPECT_EQ(first.invalid, 0U) << "the rest may still come";
    EXPECT_TRUE(first.updates.empty());
    EXPECT_EQ(rules.told("raw/1/soc", "50"), R"(plant/1 {"p":5,"soc":50})");
    const Outcome wrong = rules.apply("raw/1/soc", "120");
    EXPECT_EQ(wrong.invalid, 1U);
    EXPECT_TRUE(wrong.updates.empty());
    EXPECT_FALSE(wrong.drop);
    EXPECT_EQ(rules.workspace().results().front().reason, InvalidReason::Range);
}

TEST(Gather, TakesTheValueOutOfAMember) {
    Text rules(
        "[[rule]]\nname = \"r\"\n"
        "gather = { topic = \"t/{id}\", value = \"d.value\", fields = { p = \"raw/{id}\" } }");
    EXPECT_EQ(rules.told("raw/1", R"({"d":{"value":1e3}})"), R"(t/1 {"p":1000})");
    EXPECT_EQ(rules.told("raw/1", R"({"d":{"value":null}})"), "t/1 ");
    const struct {
        const char* payload;
        InvalidReason reason;
    } cases[] = {{"5", InvalidReason::NotJson},
                 {"x", InvalidReason::NotJson},
                 {"{}", InvalidReason::Missing},
                 {R"({"value":1})", InvalidReason::Missing}};
    for (const auto& c : cases) {
        EXPECT_EQ(rules.apply("raw/1", c.payload).invalid, 1U) << c.payload;
        EXPECT_EQ(rules.workspace().results().front().reason, c.reason) << c.payload;
    }
}

TEST(Gather, BoundsAValueAndRefusesBytesThatAreNoText) {
    Text rules(plant);
    EXPECT_EQ(rules.apply("raw/1/name", std::string(5000, 'x')).invalid, 1U);
    EXPECT_EQ(rules.workspace().results().front().reason, InvalidReason::TooLarge);
    EXPECT_EQ(rules.apply("raw/1/name", "\xff\xfe").invalid, 1U);
    EXPECT_EQ(rules.workspace().results().front().reason, InvalidReason::NotJson);
}

TEST(Gather, RefusesInTheFile) {
    const std::string head = "[[rule]]\nname = \"r\"\n";
    const std::string gather = "gather = { topic = \"t/{id}\", fields = { p = \"raw/{id}\" } }\n";
    const struct {
        std::string lines;
        const char* mistake;
    } cases[] = {
        {gather + "topics = [\"x\"]",
         "4:1: error: gather has the topics of its fields; remove topics"},
        {gather + "mqtt = \"replace\"",
         "4:8: error: what is gathered replaces no message; write \"keep\" or \"publish:<topic>\""},
        {gather + "on_invalid = \"drop\"",
         "4:14: error: what is gathered leaves the messages alone; write \"pass\""},
        {"preset = \"battery.evcc\"\n" + gather,
         "3:1: error: a preset brings its own gather; remove one of the two"},
        {"preset = \"battery.evcc\"\ntopics = [\"x\"]",
         "4:1: error: gather has the topics of its fields; remove topics"},
        {"preset = \"battery.evc\"",
         "3:10: error: \"battery.evc\" is no preset; did you mean \"battery.evcc\"?"},
        {"preset = \"x\"",
         "3:10: error: \"x\" is no preset; there are \"battery.victron\", \"battery.openems\", "
         "\"battery.evcc\""},
        {"gather = { fields = { p = \"raw\" } }",
         "3:10: error: rule \"r\" gather has no topic; add the one that browsers see, like "
         "\"plant/{id}\""},
        {"gather = { topic = \"t\" }",
         "3:10: error: rule \"r\" gather has no fields; name the topic of each, like fields = { "
         "power "
         "= \"plant/{id}/power\" }"},
        {"gather = { topic = \"t/{payload.x}\", fields = { p = \"raw\" } }",
         "3:20: error: the topic of gather is made of captures of the fields' topics alone"},
        {"gather = { topic = \"t\", value = \"a..b\", fields = { p = \"raw\" } }",
         "3:33: error: value = \"a..b\" is not a path; write a field like \"batteryPower\" or "
         "\"battery.power\""},
    };
    for (const auto& c : cases) {
        EXPECT_THAT(Text(head + c.lines).mistakes(), HasSubstr(c.mistake)) << c.lines;
    }
}

TEST(Gather, EveryTopicNeedsTheCapturesThatAreUsed) {
    EXPECT_THAT(
        Text("[[rule]]\nname = \"r\"\n"
             "gather = { topic = \"t/{id}\", fields = { p = \"raw/{id}\", q = \"other\" } }")
            .mistakes(),
        HasSubstr("{id}"));
}

TEST(BatteryPreset, Victron) {
    Text rules(
        "[[rule]]\nname = \"victron\"\npreset = \"battery.victron\"\n"
        "battery = { add = [\"c_rate\", \"cell_delta\", \"energy\"] }");
    ASSERT_EQ(rules.mistakes(), "");
    const std::string at = "N/c0619ab1/battery/512/";
    EXPECT_EQ(rules.told(at + "Soc", R"({"value":63.5})"), "") << "no power yet";
    (void)rules.told(at + "Dc/0/Voltage", R"({"value":52.7,"max":null})");
    (void)rules.told(at + "Dc/0/Current", R"({"value":-10})");
    (void)rules.told(at + "InstalledCapacity", R"({"value":200})");
    (void)rules.told(at + "System/MinCellVoltage", R"({"value":3.29})");
    (void)rules.told(at + "System/MaxCellVoltage", R"({"value":3.31})");
    const Outcome outcome = rules.apply(at + "Dc/0/Power", R"({"value":-527})");
    ASSERT_EQ(outcome.updates.size(), 1U);
    EXPECT_EQ(outcome.updates.front().topic, "battery/c0619ab1/512");
    const json battery = json::parse(outcome.updates.front().payload);
    EXPECT_EQ(battery["batteryPower"], -527);
    EXPECT_EQ(battery["batteryPercent"], 63.5);
    EXPECT_EQ(battery["state"], "Discharging");
    EXPECT_EQ(battery["c_rate"], 0.05);
    EXPECT_EQ(battery["cell_delta_mv"], 20);
    EXPECT_EQ(battery["energy_out_wh"], 0);
    EXPECT_EQ(outcome.replacement, std::nullopt);
    EXPECT_EQ(rules.told("N/c0619ab1/battery/512/Alarms/LowSoc", R"({"value":0})"), "");
}

TEST(BatteryPreset, OpenEms) {
    Text rules(
        "[[rule]]\nname = \"openems\"\npreset = \"battery.openems\"\n"
        "battery = { add = [\"time_to\"] }");
    ASSERT_EQ(rules.mistakes(), "");
    EXPECT_EQ(rules.told("edge/edge0/channel/meter0/ActivePower", "1500"), "") << "no battery";
    EXPECT_EQ(rules.told("edge/edge0/channel/ess0/Capacity", "10000"), "");
    EXPECT_EQ(rules.told("edge/edge0/channel/ess0/Soc", "50"), "");
    EXPECT_EQ(rules.told("edge/edge0/channel/ess0/ActivePower", "1000"),
              "battery/edge0/ess0 {\"batteryPower\":1000,\"batteryPercent\":50,"
              "\"batteryCapacity\":10000,\"state\":\"Discharging\",\"time_to_empty_s\":18000}");
    EXPECT_EQ(rules.told("edge/edge0/channel/ess0/ActivePower", "null"), "") << "unknown now";
}

TEST(BatteryPreset, Evcc) {
    for (const char* prefix : {"evcc/site/battery/", "evcc/site/battery"}) {
        const bool nested = std::string(prefix).back() == '/';
        const auto at = [&](const char* name, const char* older) {
            return prefix + std::string(nested ? name : older);
        };
        Text rules(
            "[[rule]]\nname = \"evcc\"\npreset = \"battery.evcc\"\n"
            "battery = { add = [\"c_rate\"] }");
        ASSERT_EQ(rules.mistakes(), "");
        EXPECT_EQ(rules.told(at("soc", "Soc"), "80"), "");
        EXPECT_EQ(rules.told(at("power", "Power"), "-2000"),
                  "battery/evcc {\"batteryPower\":-2000,\"batteryPercent\":80,"
                  "\"state\":\"Charging\"}");
        EXPECT_EQ(rules.told(at("capacity", "Capacity"), "10"),
                  "battery/evcc {\"batteryPower\":-2000,\"batteryPercent\":80,"
                  "\"batteryCapacity\":10,\"state\":\"Charging\",\"c_rate\":0.2}");
    }
}

TEST(BatteryPreset, WhatTheRuleSaysComesOnTop) {
    Text rules(
        "[[rule]]\nname = \"evcc\"\npreset = \"battery.evcc\"\n"
        "battery = { positive = \"charging\", idle_below = 10 }\nset = { site = \"home\" }");
    ASSERT_EQ(rules.mistakes(), "");
    (void)rules.told("evcc/site/battery/soc", "80");
    EXPECT_EQ(rules.told("evcc/site/battery/power", "20"),
              "battery/evcc {\"batteryPower\":20,\"batteryPercent\":80,\"state\":\"Charging\","
              "\"site\":\"home\"}");
    EXPECT_THAT(rules.told("evcc/site/battery/power", "-9"), HasSubstr("Idle"));
}

}  // namespace
}  // namespace rtbridge
