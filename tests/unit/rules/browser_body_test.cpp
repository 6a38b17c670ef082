#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_test_config.h"

// What browsers are told in place of the payload: browser.event and browser.body of rules, and the
// bodies of [sse] and [socketio].

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TemplateSource object(std::initializer_list<std::pair<const char*, const char*>> members) {
    TemplateSource::Object result;
    for (const auto& [name, value] : members) result.push_back({name, source(value)});
    return source(std::move(result));
}

RuleConfig rule_with_body(const std::string& name, TemplateSource body) {
    RuleConfig rule = plain_rule(name, {"site/{site}/#"});
    rule.browser.body = std::move(body);
    return rule;
}

// topic variant/variants event: payload
std::vector<std::string> lines(const Outcome& outcome) {
    std::vector<std::string> result;
    for (const BrowserUpdate& update : outcome.updates) {
        std::string line = update.topic + " " + std::to_string(update.variant) + "/" +
                           std::to_string(update.variants) + " " + update.event + ": ";
        if (update.shape == PayloadShape::Text) line += "text ";
        result.push_back(line + update.payload);
    }
    return result;
}

TEST(BrowserBody, IsWhatItsTemplateMakesOfTheEnrichedPayload) {
    RuleConfig rule = rule_with_body("b", object({{"at", "{now}"},
                                                  {"ms", "{now_ms}"},
                                                  {"site", "{site}"},
                                                  {"by", "{rule}"},
                                                  {"key", "{key}"},
                                                  {"state", "{payload.state}"},
                                                  {"data", "{payload}"}}));
    rule.browser.event = "sensor:data";
    rule.key = placed("{payload.id}");
    rule.battery = BatteryConfig();
    Rules rules({rule});

    const Outcome outcome = rules.apply("site/north/x", R"({"id":7,"batteryPower":5})");

    const BrowserUpdate& update = outcome.updates.at(0);
    EXPECT_EQ(
        update.payload,
        R"({"at":"2023-11-14T23:13:20.000Z","ms":1700003600000,"site":"north","by":"b","key":"7",)"
        R"("state":"Charging","data":{"id":7,"batteryPower":5,"state":"Charging"}})");
    EXPECT_EQ(update.unix_ms, 1'700'003'600'000);
    EXPECT_EQ(update.shape, PayloadShape::Json);
    EXPECT_EQ(update.event, "sensor:data");
    EXPECT_EQ(update.key, "7");
    EXPECT_FALSE(outcome.replacement.has_value());
}

TEST(BrowserBody, MayBeAnyJsonAndMadeOfAnyText) {
    const struct {
        const char* body;
        std::string_view payload, expected;
    } cases[] = {
        {"{payload.x}", R"({"x":[1,2]})", "[1,2]"},    {"{payload_text}", "2:1", R"("2:1")"},
        {"{payload_text}", "21.5", R"("21.5")"},       {"{payload}", " 21.5\n", "21.5"},
        {"said {payload_text}", "on", R"("said on")"},
    };
    for (const auto& c : cases) {
        Rules rules({rule_with_body("b", source(c.body))});
        const Outcome outcome = rules.apply("site/a/b", c.payload);
        ASSERT_EQ(outcome.updates.size(), 1U);
        EXPECT_EQ(outcome.updates[0].payload, c.expected);
        EXPECT_EQ(outcome.updates[0].shape, PayloadShape::Json);
        EXPECT_EQ(rules.workspace().results().at(0).bodies_missing, 0U);
    }
}

TEST(BrowserBody, ThatCannotBeMadeTellsNothingIsCountedAndConcernsNoMqtt) {
    const struct {
        const char* body;
        std::string_view payload;
        std::string_view why;
    } cases[] = {
        {"{payload.x}", R"({"y":1})", "{payload.x} is missing"},
        {"a {payload.x}", R"({"x":null})", "{payload.x} is missing"},
        {"{payload}", "off", "{payload} is not JSON"},
        {"{payload_text}", "\xff", "{payload_text} is missing"},
        {"{user}", "{}", "{user} is missing"},
    };
    for (const auto& c : cases) {
        RuleConfig rule = rule_with_body("b", source(c.body));
        rule.mqtt = TowardsMqtt::Publish;
        rule.publish_topic = placed("live/{site}");
        Rules rules({rule});
        const Publish publish{.topic = "site/a/b", .payload = c.payload};

        const Outcome outcome = rules.apply(publish);

        EXPECT_THAT(outcome.updates, IsEmpty());
        EXPECT_EQ(outcome.invalid, 0U);
        EXPECT_EQ(outcome.publishes.size(), 1U);
        EXPECT_EQ(rules.workspace().results().at(0).verdict, RuleVerdict::Ok);
        EXPECT_EQ(rules.workspace().results().at(0).bodies_missing, 1U);
        const RuleTrace::Step step = rules.trace(publish).at(0).steps.back();
        EXPECT_EQ(step.name, "body");
        EXPECT_FALSE(step.ok);
        EXPECT_THAT(step.result, testing::StartsWith(std::string(c.why)));
    }
}

TEST(BrowserBody, APayloadThatIsInvalidPassesWithoutBody) {
    RuleConfig rule = rule_with_body("b", source("{payload_text}"));
    rule.battery = BatteryConfig();
    Rules rules({rule});

    EXPECT_THAT(lines(rules.apply("site/a/b", "off")), ElementsAre("site/a/b 0/1 : text off"));
    EXPECT_EQ(rules.workspace().results().at(0).bodies_missing, 0U);
}

TEST(BrowserBody, AClearedTopicHasNone) {
    Rules rules({rule_with_body("b", source("{payload.x}"))});

    const Outcome outcome = rules.apply({.topic = "site/a/b", .payload = "", .retain = true});

    ASSERT_EQ(outcome.updates.size(), 1U);
    EXPECT_EQ(outcome.updates[0].shape, PayloadShape::Cleared);
    EXPECT_EQ(outcome.updates[0].payload, "");
}

TEST(BrowserBody, RulesThatSayDifferentThingsMakeAnUpdateEach) {
    RuleConfig event = plain_rule("event", {"#"});
    event.browser.event = "e";
    Rules rules({plain_rule("plain", {"#"}), rule_with_body("x", object({{"x", "{payload.x}"}})),
                 rule_with_body("y", object({{"x", "{payload.y}"}})), event,
                 plain_rule("again", {"#"}), rule_with_body("whole", source("{payload}"))});

    EXPECT_THAT(lines(rules.apply("site/a/b", R"({"x":1,"y":2})")),
                ElementsAre(R"(site/a/b 0/4 : {"x":1,"y":2})", R"(site/a/b 1/4 : {"x":1})",
                            R"(site/a/b 2/4 : {"x":2})", R"(site/a/b 3/4 e: {"x":1,"y":2})"));
    EXPECT_THAT(lines(rules.apply("site/a/b", R"({"x":1,"y":1})")),
                ElementsAre(R"(site/a/b 0/3 : {"x":1,"y":1})", R"(site/a/b 1/3 : {"x":1})",
                            R"(site/a/b 2/3 e: {"x":1,"y":1})"));
}

TEST(BrowserBody, OneThatCannotBeMadeLeavesTheOthersTheirNumber) {
    Rules rules(
        {rule_with_body("x", source("{payload.x}")), rule_with_body("y", source("{payload.y}"))});

    EXPECT_THAT(lines(rules.apply("site/a/b", R"({"x":1,"y":2})")),
                ElementsAre("site/a/b 0/2 : 1", "site/a/b 1/2 : 2"));
    EXPECT_THAT(lines(rules.apply("site/a/b", R"({"y":2})")), ElementsAre("site/a/b 1/2 : 2"));
    EXPECT_THAT(lines(rules.apply("site/a/b", R"({"x":1})")), ElementsAre("site/a/b 0/2 : 1"));
}

TEST(BrowserBody, OtherTopicsAndKeysCountForThemselves) {
    RuleConfig keyed = rule_with_body("keyed", source("{payload.x}"));
    keyed.key = placed("{payload.id}");
    RuleConfig elsewhere = rule_with_body("elsewhere", source("{payload.x}"));
    elsewhere.mqtt = TowardsMqtt::Publish;
    elsewhere.publish_topic = placed("live");
    Rules rules({plain_rule("plain", {"#"}), keyed, elsewhere});

    EXPECT_THAT(lines(rules.apply("site/a", R"({"x":1,"id":2})")),
                ElementsAre(R"(site/a 0/1 : {"x":1,"id":2})", "site/a 0/1 : 1", "live 0/1 : 1"));
}

TEST(BrowserBody, KeepsThePayloadForDeadbandOnly) {
    RuleConfig with_body = rule_with_body("b", source("{payload.x}"));
    EXPECT_EQ(Rules({with_body}).apply("site/a", R"({"x":1})").updates.at(0).body_source, "");
    with_body.browser.deadband = {{"x", 5}};
    EXPECT_EQ(Rules({with_body}).apply("site/a", R"({"x":1})").updates.at(0).body_source,
              R"({"x":1})");
    with_body.browser.body.reset();
    EXPECT_EQ(Rules({with_body}).apply("site/a", R"({"x":1})").updates.at(0).body_source, "");
}

class TransportBody : public testing::Test {
protected:
    // What browsers are told of one publish to "site/a" under the bodies of the transports.
    std::optional<BrowserUpdate> tell(std::string_view payload, RuleConfig rule) {
        config.rules = {std::move(rule)};
        Diagnostics diagnostics;
        const auto rules = RuleSet::compile(config, diagnostics);
        if (rules == nullptr) {
            ADD_FAILURE() << to_line(diagnostics.sorted().front());
            return std::nullopt;
        }
        RuleWorkspace workspace;
        Outcome outcome =
            rules->apply({.topic = "site/a", .payload = payload}, workspace, FakeClock());
        missing = workspace.results().at(0).bodies_missing;
        if (outcome.updates.empty()) return std::nullopt;
        return outcome.updates.front();
    }
    Config config;
    std::uint32_t missing = 0;
};

TEST_F(TransportBody, OverridesTheBodyOfTheRuleOnThatTransport) {
    config.sse.body = object({{"topic", "{topic}"}, {"payload", "{payload_text}"}});
    config.socketio.body = object({{"at", "{now_ms}"}, {"rule", "{rule}"}, {"x", "{payload.x}"}});

    const auto update = tell(R"({"x":1})", rule_with_body("b", source("{payload.x}")));

    ASSERT_TRUE(update.has_value());
    EXPECT_EQ(update->payload, "1");
    EXPECT_EQ(update->sse_body, R"({"topic":"site/a","payload":"{\"x\":1}"})");
    EXPECT_EQ(update->socketio_body, R"({"at":1700003600000,"rule":"b","x":1})");
    EXPECT_EQ(missing, 0U);
}

TEST_F(TransportBody, MakesJsonOfAPayloadThatIsNone) {
    config.sse.body = object({{"payload", "{payload_text}"}});

    const auto update = tell("2:1", plain_rule("plain", {"#"}));

    ASSERT_TRUE(update.has_value());
    EXPECT_EQ(update->shape, PayloadShape::Text);
    EXPECT_EQ(update->payload, "2:1");
    EXPECT_EQ(update->sse_body, R"({"payload":"2:1"})");
    EXPECT_FALSE(update->sse_body_missing);
}

TEST_F(TransportBody, ThatCannotBeMadeConcernsThatTransportAlone) {
    config.sse.body = source("{payload.x}");
    config.socketio.body = source("{payload_text}");

    const auto update = tell(R"({"y":1})", plain_rule("plain", {"#"}));

    ASSERT_TRUE(update.has_value());
    EXPECT_EQ(update->payload, R"({"y":1})");
    EXPECT_EQ(update->sse_body, "");
    EXPECT_TRUE(update->sse_body_missing);
    EXPECT_EQ(update->socketio_body, R"("{\"y\":1}")");
    EXPECT_FALSE(update->socketio_body_missing);
    EXPECT_EQ(missing, 1U);
}

TEST_F(TransportBody, HelpsNoRuleWhoseOwnBodyCannotBeMade) {
    config.sse.body = source("{payload_text}");

    EXPECT_FALSE(tell(R"({"y":1})", rule_with_body("b", source("{payload.x}"))).has_value());
    EXPECT_EQ(missing, 1U);
}

TEST_F(TransportBody, KnowsNoCapturesAsTopicsDiffer) {
    config.rules = {rule_with_body("b", object({{"a", "{sote}"}, {"b", "{sessions}"}}))};
    config.sse.body = source("{site}");
    config.socketio.body = source("{arg}");
    Diagnostics diagnostics;

    EXPECT_EQ(RuleSet::compile(config, diagnostics), nullptr);

    std::vector<std::string> messages;
    for (const Diagnostic& each : diagnostics.sorted()) messages.push_back(to_line(each));
    EXPECT_THAT(messages, testing::UnorderedElementsAre(
                              "test:9:9: error: unknown name {sote}; did you mean {site}?",
                              "test:9:9: error: {sessions} has no meaning in a rule",
                              HasSubstr("unknown name {site}; known are {topic}, {key}, {payload}"),
                              "test:9:9: error: {arg} has no meaning in a body"));
}

}  // namespace
}  // namespace rtbridge
