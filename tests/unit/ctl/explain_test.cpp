#include "ctl/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace rtbridge {
namespace {

using testing::HasSubstr;
using testing::Not;

RuleConfig battery_rule() {
    RuleConfig rule;
    rule.name.value = "battery";
    rule.topics = {{"site/{site}/battery", {}}};
    rule.key = Placed<std::string>{"{payload.userId}", {}};
    rule.battery = BatteryConfig{};
    return rule;
}

std::string explained(const Config& config, std::string_view topic, std::string_view payload) {
    Diagnostics diagnostics;
    const auto rules = RuleSet::compile(config, diagnostics);
    if (rules == nullptr) return "does not compile";
    std::ostringstream out;
    explain(*rules, {.topic = topic, .payload = payload}, out);
    return out.str();
}

std::string explained(const RuleConfig& rule, std::string_view topic, std::string_view payload) {
    Config config;
    config.rules = {rule};
    return explained(config, topic, payload);
}

TEST(Explain, ShowsEveryStepAndWhatEachSideGets) {
    RuleConfig rule = battery_rule();
    rule.mqtt = TowardsMqtt::Replace;

    const std::string text =
        explained(rule, "site/north/battery", R"({"userId":"anna","batteryPower":5})");

    EXPECT_THAT(text, HasSubstr("rule battery matches by site/{site}/battery\n"));
    EXPECT_THAT(text, HasSubstr("capture     site=north\n"));
    EXPECT_THAT(text, HasSubstr("state=Charging\n"));
    EXPECT_THAT(text, HasSubstr("mqtt        replace\n"));
    EXPECT_THAT(text,
                HasSubstr(R"(enriched    {"userId":"anna","batteryPower":5,"state":"Charging"})"));
    EXPECT_THAT(text, HasSubstr("key         userId=anna\n"));
    EXPECT_THAT(text,
                HasSubstr(R"(body        {"userId":"anna","batteryPower":5,"state":"Charging"})"));
}

TEST(Explain, SaysWhereNoRuleMatches) {
    const std::string text = explained(battery_rule(), "other", "{}");

    EXPECT_THAT(text, HasSubstr("no rule matches other\n"));
    EXPECT_THAT(text, HasSubstr("unchanged   {}\n"));
    EXPECT_THAT(text, HasSubstr("browsers get\n  nothing"));
}

TEST(Explain, SaysWhyAPayloadIsInvalidAndWhatFollows) {
    RuleConfig rule = battery_rule();
    EXPECT_THAT(explained(rule, "site/a/battery", "not json"), HasSubstr("on_invalid  pass: "));

    rule.on_invalid = OnInvalid::Drop;
    const std::string text = explained(rule, "site/a/battery", "not json");
    EXPECT_THAT(text, HasSubstr("on_invalid  drop: "));
    EXPECT_THAT(text, HasSubstr("the publish is dropped\n"));
}

TEST(Explain, ShowsTheEnvelopeOfTheQuarantine) {
    RuleConfig rule = battery_rule();
    rule.on_invalid = OnInvalid::Quarantine;
    rule.fields.push_back({{"soc", {}}, parse_field_spec("number 0..100").value()});

    const std::string text = explained(rule, "site/a/battery", R"({"soc":120})");

    EXPECT_THAT(text, HasSubstr("fields      failed: soc is 120, above 100\n"));
    EXPECT_THAT(text, HasSubstr("on_invalid  quarantine: soc is 120, above 100\n"));
    EXPECT_THAT(text, HasSubstr("the publish is in quarantine\n"));
    EXPECT_THAT(text, HasSubstr("topic       rtbridge/quarantine/" + rule.name.value + "\n"));
    EXPECT_THAT(text, HasSubstr(R"("reason":"range")"));

    EXPECT_THAT(explained(rule, "site/a/battery", R"({"soc":1,"batteryPower":0})"),
                HasSubstr("fields      valid\n"));
}

TEST(Explain, ShowsADerivedPublish) {
    RuleConfig rule = battery_rule();
    rule.mqtt = TowardsMqtt::Publish;
    rule.publish_topic.value = "live/{payload.userId}";

    const std::string text =
        explained(rule, "site/a/battery", R"({"userId":"anna","batteryPower":0})");

    EXPECT_THAT(text, HasSubstr("mqtt        publish live/anna\n"));
    EXPECT_THAT(text, HasSubstr("topic       live/anna\n  derived"));
}

TEST(Explain, ShowsWhatThinsAndKeepsUpdatesForBrowsers) {
    RuleConfig rule = battery_rule();
    rule.browser.max_rate = RateConfig{10, std::chrono::seconds(1)};
    rule.browser.deadband = {{"batteryPower", 2.5}};
    rule.history = HistoryConfig{100, std::chrono::minutes(10)};

    const std::string text = explained(rule, "site/a/battery", R"({"batteryPower":0})");

    EXPECT_THAT(text, HasSubstr("browser     max_rate 10/s, deadband batteryPower 2.5, "
                                "history last 100 for 10m\n"));
    EXPECT_THAT(explained(battery_rule(), "site/a/battery", "{}"), Not(HasSubstr("  browser ")));
}

TEST(Explain, ShowsEventAndBodiesAndWhyThereIsNone) {
    const auto text_template = [](const char* text) {
        return TemplateSource{std::string(text), {}};
    };
    Config config;
    config.rules = {battery_rule()};
    config.rules[0].browser.event = "sensor:data";
    config.rules[0].browser.body = text_template("{payload.state}");
    config.sse.body = text_template("{payload.other}");
    config.socketio.body = text_template("in {rule}");

    const std::string text =
        explained(config, "site/a/battery", R"({"userId":"u","batteryPower":0})");

    EXPECT_THAT(text, HasSubstr("browser     event sensor:data\n"));
    EXPECT_THAT(text, HasSubstr("sse         failed: {payload.other} is missing\n"));
    EXPECT_THAT(text, HasSubstr("browsers get\n"
                                "  topic       site/a/battery\n"
                                "  key         userId=u\n"
                                "  event       sensor:data\n"
                                "  body        \"Idle\"\n"
                                "  sse         skipped: its body cannot be made\n"
                                "  socketio    \"in battery\"\n"));
    config.rules[0].browser.body = text_template("{payload.nothing}");
    EXPECT_THAT(explained(config, "site/a/battery", R"({"batteryPower":0})"),
                testing::AllOf(HasSubstr("body        failed: {payload.nothing} is missing\n"),
                               HasSubstr("browsers get\n  nothing")));
}

TEST(Explain, KeepsControlCharactersOffTheTerminal) {
    const std::string text = explained(battery_rule(), "a\x1b[31m", "{}");

    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(Explain, SaysWhatEachTransportMakesOfWhatIsNoJson) {
    Config config;
    config.rules = {battery_rule()};
    config.rules[0].battery.reset();
    EXPECT_THAT(explained(config, "site/a/battery", "a text"),
                HasSubstr("  rtbridge.v1 as it is, a text\n"
                          "  ws          skipped: only JSON that passed its rules\n"
                          "  sse         skipped: only JSON that passed its rules\n"
                          "  socketio    skipped: only JSON that passed its rules\n"));

    config.sse.body = TemplateSource{std::string("{payload_text}"), {}};
    EXPECT_THAT(explained(config, "site/a/battery", "a text"),
                HasSubstr("  sse         \"a text\"\n"));
    EXPECT_THAT(explained(config, "site/a/battery", "\xff"),
                HasSubstr("  rtbridge.v1 as it is, in base64\n"));
}

TEST(Explain, MeasuresWhatItCosts) {
    Config config;
    config.rules = {battery_rule()};
    Diagnostics diagnostics;
    const auto rules = RuleSet::compile(config, diagnostics);
    std::ostringstream out;

    explain_cost(*rules, {.topic = "site/a/battery", .payload = R"({"batteryPower":1})"}, out);

    EXPECT_THAT(out.str(),
                testing::MatchesRegex("cost\n  rules       [0-9]+[.][0-9][0-9] us of the "
                                      "broker's thread .median, on this machine.\n"));
}

}  // namespace
}  // namespace rtbridge
