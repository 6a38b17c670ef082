#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_test_config.h"

// classify, map, rename and drop_fields, and what rules remember.

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RuleConfig replacing_rule(std::initializer_list<const char*> topics = {"d/{device}"}) {
    RuleConfig rule = plain_rule("r", topics);
    rule.mqtt = TowardsMqtt::Replace;
    return rule;
}

ClassifyConfig levels(double hysteresis = 0) {
    ClassifyConfig classify;
    classify.name = placed("level");
    classify.of = placed("soc");
    classify.bands = {{10, "critical"}, {30, "low"}};
    classify.otherwise = "ok";
    classify.hysteresis = hysteresis;
    return classify;
}

MapConfig sites() {
    MapConfig map;
    map.name = placed("site");
    map.of = placed("{device}");
    map.table = {{"d1", "Berlin"}, {"d2", "Bonn \"am Rhein\""}};
    return map;
}

std::string soc(double value) {
    return "{\"soc\":" + std::to_string(value) + "}";
}

// The member of what browsers get.
std::string browser_member(const Outcome& outcome, const std::string& name) {
    if (outcome.updates.size() != 1) return "no update";
    const std::string& payload = outcome.updates.front().payload;
    const std::string marker = "\"" + name + "\":\"";
    const std::size_t at = payload.find(marker);
    if (at == std::string::npos) return "";
    const std::size_t begin = at + marker.size();
    return payload.substr(begin, payload.find('"', begin) - begin);
}

TEST(Classify, GivesTheLabelOfTheFirstThresholdAbove) {
    RuleConfig rule = replacing_rule();
    rule.classify = {levels()};
    Rules rules({rule});
    const struct {
        const char* soc;
        const char* level;
    } cases[] = {{"-5", "critical"}, {"9.99", "critical"}, {"10", "low"},
                 {"29", "low"},      {"30", "ok"},         {"1e9", "ok"}};
    for (const auto& c : cases) {
        const std::string payload = std::string("{\"soc\":") + c.soc + "}";
        EXPECT_EQ(rules.apply("d/d1", payload).replacement,
                  std::string("{\"soc\":") + c.soc + ",\"level\":\"" + c.level + "\"}");
    }
    EXPECT_EQ(rules.apply("d/d1", "{}").invalid, 1U);
}

TEST(Classify, WithHysteresisALabelStaysUntilTheNumberIsBeyondIt) {
    RuleConfig rule = plain_rule("r", {"d/{device}"});
    rule.classify = {levels(5)};
    Rules rules({rule});
    const struct {
        double soc;
        const char* level;
    } steps[] = {{40, "ok"}, {29, "ok"},        {25, "ok"},      {24.9, "low"},    {34.9, "low"},
                 {35, "ok"}, {26, "ok"},        {4, "critical"}, {12, "critical"}, {15, "low"},
                 {5, "low"}, {4.9, "critical"}, {90, "ok"}};
    for (const auto& step : steps) {
        EXPECT_EQ(browser_member(rules.apply("d/d1", soc(step.soc)), "level"), step.level)
            << step.soc;
    }
}

TEST(Classify, RemembersEachSubjectByItsKeyOrItsTopic) {
    RuleConfig rule = plain_rule("r", {"d/{device}"});
    rule.classify = {levels(5)};
    Rules by_topic({rule});
    (void)by_topic.apply("d/d1", soc(20));
    EXPECT_EQ(browser_member(by_topic.apply("d/d1", soc(32)), "level"), "low");
    EXPECT_EQ(browser_member(by_topic.apply("d/d2", soc(32)), "level"), "ok");

    rule.key = placed("{payload.id}");
    Rules by_key({rule});
    (void)by_key.apply("d/d1", R"({"id":"a","soc":20})");
    EXPECT_EQ(browser_member(by_key.apply("d/d2", R"({"id":"a","soc":32})"), "level"), "low");
    EXPECT_EQ(browser_member(by_key.apply("d/d1", R"({"id":"b","soc":32})"), "level"), "ok");
}

TEST(Classify, WhatIsRememberedNeverReplacesThePublishersPayload) {
    RuleConfig rule = replacing_rule();
    rule.classify = {levels(5)};
    Rules rules({rule});
    const Outcome outcome = rules.apply("d/d1", R"({"soc":20})");
    EXPECT_EQ(outcome.replacement, std::nullopt);
    ASSERT_EQ(outcome.updates.size(), 1U);
    EXPECT_EQ(outcome.updates.front().payload, R"({"soc":20,"level":"low"})");
}

TEST(Classify, DerivedTopicsGetWhatIsRemembered) {
    RuleConfig derived = plain_rule("derived", {"d/{device}"});
    derived.classify = {levels(5)};
    derived.mqtt = TowardsMqtt::Publish;
    derived.publish_topic = placed("live/{device}/{payload.level}");
    RuleConfig replacing = replacing_rule();
    replacing.set = {{"n", source(std::int64_t{1})}};
    Rules rules({derived, replacing});
    const Outcome outcome = rules.apply("d/d1", R"({"soc":20})");
    ASSERT_EQ(outcome.publishes.size(), 1U);
    EXPECT_EQ(outcome.publishes.front().topic, "live/d1/low");
    EXPECT_EQ(outcome.publishes.front().payload, R"({"soc":20,"level":"low"})");
    EXPECT_EQ(outcome.replacement, R"({"soc":20,"n":1})") << "pure, whatever was published";
}

TEST(Classify, WhatARuleRefusesLeavesNothingBehind) {
    RuleConfig first = plain_rule("first", {"d/{device}"});
    first.classify = {levels(5)};
    first.mqtt = TowardsMqtt::Publish;
    first.publish_topic = placed("live/{payload.missing}");
    RuleConfig second = replacing_rule();
    Rules rules({first, second});
    for (const BrowserUpdate& update : rules.apply("d/d1", R"({"soc":20})").updates) {
        EXPECT_EQ(update.payload, R"({"soc":20})");
    }
}

TEST(Classify, CannotBeComputedWithWhereItRemembers) {
    RuleConfig rule = plain_rule("r", {"t"});
    rule.compute = {{placed("x"), placed("level + 1")}};
    rule.classify = {levels(5)};
    Diagnostics diagnostics;
    EXPECT_EQ(compile({rule}, diagnostics), nullptr);
    EXPECT_THAT(to_line(diagnostics.sorted().front()), HasSubstr("x: level has a hysteresis"));
}

TEST(RuleMemory, SurvivesANewSetOfRulesForTheRulesThatStay) {
    RuleConfig rule = plain_rule("r", {"t"});
    rule.classify = {levels(5)};
    RuleMemory memory;
    memory.of("r", "s").label("level") = "low";
    memory.of("gone", "s").label("level") = "low";
    memory.keep_only(Rules({rule}).set());
    EXPECT_EQ(memory.subjects(), 1U);
    EXPECT_EQ(memory.of("r", "s").label("level"), "low");
    EXPECT_EQ(memory.of("r", "s").label("other"), "");

    rule.classify = {levels(0)};
    memory.keep_only(Rules({rule}).set());
    EXPECT_EQ(memory.subjects(), 0U);
}

TEST(RuleMemory, ForgetsWhoWasNotHeardOfForLongest) {
    RuleMemory memory(2);
    memory.of("r", "a").label("l") = "a";
    memory.of("r", "b").label("l") = "b";
    (void)memory.of("r", "a");
    (void)memory.of("r", "c");
    EXPECT_EQ(memory.subjects(), 2U);
    EXPECT_EQ(memory.take_evicted(), 1U);
    EXPECT_EQ(memory.take_evicted(), 0U);
    EXPECT_EQ(memory.of("r", "a").label("l"), "a");
    EXPECT_EQ(memory.of("r", "b").label("l"), "") << "was forgotten";
}

TEST(Map, GivesTheTextThatStandsForAnother) {
    RuleConfig rule = replacing_rule();
    rule.map = {sites()};
    Rules rules({rule});
    EXPECT_EQ(rules.apply("d/d1", "{}").replacement, R"({"site":"Berlin"})");
    EXPECT_EQ(rules.apply("d/d2", "{}").replacement, R"({"site":"Bonn \"am Rhein\""})");
    EXPECT_EQ(rules.apply("d/d3", "{}").replacement, std::nullopt) << "nobody knows it";
    EXPECT_EQ(rules.apply("d/d3", "{}").invalid, 0U);
}

TEST(Map, HasATextForAllOthersWhereOneIsGiven) {
    RuleConfig rule = replacing_rule();
    rule.map = {sites()};
    rule.map.front().otherwise = "elsewhere";
    EXPECT_EQ(Rules({rule}).apply("d/d3", "{}").replacement, R"({"site":"elsewhere"})");
}

TEST(Map, LooksUpFieldsOfAnyType) {
    RuleConfig rule = replacing_rule();
    rule.map = {sites()};
    rule.map.front().of = placed("{payload.mode}-{payload.on}");
    rule.map.front().table = {{"3-true", "Float"}};
    Rules rules({rule});
    EXPECT_EQ(rules.apply("d/x", R"({"mode":3,"on":true})").replacement,
              R"({"mode":3,"on":true,"site":"Float"})");
    EXPECT_EQ(rules.apply("d/x", R"({"mode":3})").invalid, 1U) << "{payload.on} is missing";
}

TEST(Map, NeedsSomethingToLookUp) {
    RuleConfig rule = replacing_rule();
    rule.map = {sites()};
    rule.map.front().of = placed("d1");
    Diagnostics diagnostics;
    EXPECT_EQ(compile({rule}, diagnostics), nullptr);
    EXPECT_THAT(to_line(diagnostics.sorted().front()), HasSubstr("needs a value in braces"));
}

TEST(Rename, ChangesTheNameWhereItStands) {
    const struct {
        const char* from;
        const char* payload;
        const char* expected;
    } cases[] = {
        {"a", R"({ "a" : 1.50 , "b":2})", R"({ "power" : 1.50 , "b":2})"},
        {"x.a", R"({"x":{"a":1,"z":{}}})", R"({"x":{"power":1,"z":{}}})"},
        {"x.a", R"({"x.a":1})", R"({"power":1})"},
        {"a", R"({"power":9,"a":1})", R"({"power":1})"},
        {"a", R"({"a":1,"power":9})", R"({"power":1})"},
        {"a", R"({"a":1,"a":2})", R"({"power":2})"},
        {"a", R"({"b":1})", nullptr},
        {"a.b", R"({"a":1})", nullptr},
        {"power", R"({"power":1})", nullptr},
    };
    for (const auto& c : cases) {
        RuleConfig rule = replacing_rule();
        rule.rename = {{placed(c.from), "power"}};
        const Outcome outcome = Rules({rule}).apply("d/d1", c.payload);
        EXPECT_EQ(outcome.replacement.value_or(c.payload), c.expected ? c.expected : c.payload);
        EXPECT_EQ(outcome.invalid, 0U);
    }
}

TEST(DropFields, TakesFieldsOutAndLeavesTheRest) {
    const struct {
        const char* path;
        const char* payload;
        const char* expected;
    } cases[] = {
        {"a", R"({"a":1})", R"({})"},
        {"a", R"({ "a":1 })", R"({  })"},
        {"a", R"({"a":1, "b":2 })", R"({"b":2 })"},
        {"b", R"({"a":1, "b":{"x":[1,"}"]} , "c":3 })", R"({"a":1 , "c":3 })"},
        {"c", R"({"a":1, "b":2, "c":3 })", R"({"a":1, "b":2 })"},
        {"a", R"({"a":1,"b":2,"a":3})", R"({"b":2})"},
        {"gps.lat", R"({"gps":{"lat":1,"lon":2},"b":3})", R"({"gps":{"lon":2},"b":3})"},
        {"gps.lat", R"({"gps.lat":1,"b":3})", R"({"b":3})"},
        {"gps.lat", R"({"gps":7})", R"({"gps":7})"},
    };
    for (const auto& c : cases) {
        RuleConfig rule = replacing_rule();
        rule.drop_fields = {placed(c.path)};
        const Outcome outcome = Rules({rule}).apply("d/d1", c.payload);
        EXPECT_EQ(outcome.replacement.value_or(c.payload), c.expected);
    }
}

TEST(RuleSteps, ApplyInTheirOrder) {
    RuleConfig rule = replacing_rule();
    rule.battery = BatteryConfig();
    rule.compute = {{placed("kw"), placed("batteryPower / 1000")}};
    rule.classify = {levels()};
    rule.classify.front().of = placed("kw * 10");
    rule.map = {sites()};
    rule.map.front().of = placed("{payload.level}");
    rule.map.front().table = {{"low", "yellow"}};
    rule.set = {{"seen", source("{payload.site}")}};
    rule.rename = {{placed("batteryPower"), "power"}};
    rule.drop_fields = {placed("level")};
    EXPECT_EQ(Rules({rule}).apply("d/d1", R"({"batteryPower":2000})").replacement,
              R"({"power":2000,"state":"Charging","kw":2,"site":"yellow","seen":"yellow"})");
}

TEST(RuleSteps, AreExplained) {
    RuleConfig rule = replacing_rule();
    rule.compute = {{placed("kw"), placed("soc / 1000")}};
    rule.classify = {levels(), levels(2)};
    rule.classify.back().name = placed("slow");
    rule.map = {sites()};
    rule.rename = {{placed("soc"), "percent"}, {placed("x"), "y"}};
    rule.drop_fields = {placed("kw"), placed("z")};
    std::vector<std::string> steps;
    for (const RuleTrace& trace :
         Rules({rule}).trace({.topic = "d/d9", .payload = R"({"soc":20})"})) {
        for (const auto& [name, result, ok] : trace.steps) steps.push_back(name + " " + result);
    }
    EXPECT_THAT(steps, ElementsAre("compute kw=0.02", "classify level=low",
                                   "map site: nothing stands for \"d9\"", "classify slow=low",
                                   "rename soc is percent now", "rename x is missing",
                                   "drop_fields kw", "drop_fields z is missing", "mqtt replace"));
}

TEST(RuleSteps, NeedAJsonObject) {
    for (const char* payload : {"[1]", "5", "nope", "{\"a\":"}) {
        RuleConfig rule = replacing_rule();
        rule.drop_fields = {placed("a")};
        Rules rules({rule});
        EXPECT_EQ(rules.apply("d/d1", payload).invalid, 1U);
        EXPECT_EQ(rules.workspace().results().front().reason, InvalidReason::NotJson);
    }
}

}  // namespace
}  // namespace rtbridge
