#include "rules/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_test_config.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view charging = R"({"userId":"u","batteryPower":1})";
constexpr std::string_view charging_enriched =
    R"({"userId":"u","batteryPower":1,"state":"Charging"})";

RuleConfig with_set(RuleConfig rule, TemplateSource::Object set) {
    rule.set = std::move(set);
    return rule;
}
RuleConfig with_mqtt(RuleConfig rule, TowardsMqtt mqtt) {
    rule.mqtt = mqtt;
    return rule;
}
RuleConfig publishing(RuleConfig rule, const char* topic) {
    rule.mqtt = TowardsMqtt::Publish;
    rule.publish_topic = placed(topic);
    return rule;
}
RuleConfig dropping(RuleConfig rule) {
    rule.on_invalid = OnInvalid::Drop;
    return rule;
}
RuleConfig with_key(RuleConfig rule, const char* key) {
    rule.key = placed(key);
    return rule;
}

// An update in one line: topic, key and payload, with the shape where it is not JSON.
std::vector<std::string> lines(const std::vector<BrowserUpdate>& updates) {
    std::vector<std::string> lines;
    for (const BrowserUpdate& update : updates) {
        std::string line = update.topic;
        if (!update.key_name.empty()) line += " " + update.key_name + "=" + update.key;
        if (update.shape == PayloadShape::Cleared) line += " cleared";
        if (update.shape == PayloadShape::Text) line += " text";
        if (update.shape == PayloadShape::Binary) line += " binary";
        if (!update.payload.empty()) line += " " + update.payload;
        lines.push_back(line);
    }
    return lines;
}
std::vector<std::string> lines(const std::vector<DerivedPublish>& publishes) {
    std::vector<std::string> lines;
    for (const DerivedPublish& publish : publishes) {
        lines.push_back(publish.topic + (publish.payload.empty() ? "" : " " + publish.payload));
    }
    return lines;
}

void expect_untouched(const Outcome& outcome) {
    EXPECT_EQ(outcome.invalid, 0U);
    EXPECT_FALSE(outcome.drop);
    EXPECT_FALSE(outcome.replacement.has_value());
    EXPECT_THAT(outcome.publishes, IsEmpty());
    EXPECT_THAT(outcome.updates, IsEmpty());
}

TEST(RuleSet, LeavesAPublishAloneThatNoRuleMatches) {
    Rules rules({battery_rule()});

    const Outcome outcome = rules.apply("other/topic", "{broken");

    EXPECT_EQ(outcome.matched, 0U);
    expect_untouched(outcome);
}

TEST(RuleSet, ShowsBrowsersTheEnrichedPayloadWithItsKey) {
    Rules rules({battery_rule()});

    const Outcome outcome = rules.apply("battery/topic", charging);

    EXPECT_EQ(outcome.matched, 1U);
    EXPECT_FALSE(outcome.replacement.has_value()) << "mqtt = keep";
    EXPECT_THAT(lines(outcome.updates),
                ElementsAre("battery/topic userId=u " + std::string(charging_enriched)));
}

TEST(RuleSet, ReplacesThePayloadTowardsMqttOnlyWhereItChanged) {
    Rules rules({with_mqtt(battery_rule(), TowardsMqtt::Replace)});

    EXPECT_EQ(rules.apply("battery/topic", charging).replacement, charging_enriched);
    EXPECT_FALSE(rules.apply("battery/topic", charging_enriched).replacement.has_value());
}

TEST(RuleSet, OverlappingRulesChainInFileOrder) {
    Rules rules({
        with_mqtt(with_set(battery_rule("first", {"battery/#"}), {{"n", source(std::int64_t{1})}}),
                  TowardsMqtt::Replace),
        with_set(plain_rule("second", {"battery/+"}),
                 {{"seen", source("{payload.state}/{payload.n}")}, {"n", source("{payload.n}2")}}),
        plain_rule("elsewhere", {"other"}),
    });

    const Outcome outcome = rules.apply("battery/topic", charging);

    EXPECT_EQ(outcome.matched, 2U);
    EXPECT_EQ(outcome.replacement, R"({"userId":"u","batteryPower":1,"state":"Charging","n":1})")
        << "as of the last rule that replaces";
    const std::string last =
        R"({"userId":"u","batteryPower":1,"state":"Charging","n":"12","seen":"Charging/1"})";
    EXPECT_THAT(lines(outcome.updates),
                ElementsAre("battery/topic userId=u " + last, "battery/topic " + last));
}

TEST(RuleSet, BrowsersGetOneUpdatePerTopicAndKey) {
    Rules rules({
        with_key(plain_rule("a", {"t"}), "{payload.id}"),
        with_key(plain_rule("b", {"t"}), "{payload.id}"),
        with_key(plain_rule("c", {"t"}), "{payload.other.id}"),
        with_key(plain_rule("d", {"t"}), "{payload.site}"),
        plain_rule("e", {"t"}),
        with_key(plain_rule("f", {"t"}), "{payload.missing}"),
    });

    const Outcome outcome = rules.apply("t", R"({"id":1,"site":1})");

    EXPECT_EQ(outcome.matched, 6U);
    EXPECT_THAT(lines(outcome.updates),
                ElementsAre(R"(t id=1 {"id":1,"site":1})", R"(t {"id":1,"site":1})",
                            R"(t site=1 {"id":1,"site":1})"));
}

TEST(RuleSet, ARuleAppliesOnceWithTheCapturesOfItsFirstTopicThatMatches) {
    Rules rules({with_key(plain_rule("r", {"{a}/+/{b}", "+/{a}/{b}", "{b}/{a}/#"}), "{a}-{b}")});

    const Outcome outcome = rules.apply("x/y/z", "1");

    EXPECT_EQ(outcome.matched, 1U);
    EXPECT_THAT(lines(outcome.updates), ElementsAre("x/y/z b=x-z 1"));
    EXPECT_THAT(lines(rules.apply("x/y/z/w", "1").updates), ElementsAre("x/y/z/w b=y-x 1"));
}

TEST(RuleSet, ARuleWithoutStepsAcceptsEveryPayload) {
    Rules rules({plain_rule("any", {"t"})});

    EXPECT_THAT(lines(rules.apply("t", " [1] ").updates), ElementsAre("t  [1] "));
    EXPECT_THAT(lines(rules.apply("t", "21.5").updates), ElementsAre("t 21.5"));
    EXPECT_THAT(lines(rules.apply("t", "on").updates), ElementsAre("t text on"));
    EXPECT_THAT(lines(rules.apply("t", "{\"a\":1").updates), ElementsAre("t text {\"a\":1"));
    EXPECT_THAT(lines(rules.apply("t", "\xFF\x01").updates), ElementsAre("t binary \xFF\x01"));
    EXPECT_EQ(rules.apply("t", "on").invalid, 0U);
}

TEST(RuleSet, AnInvalidPayloadThatPassesReachesBrowsersAsText) {
    Rules rules({with_mqtt(battery_rule(), TowardsMqtt::Replace)});

    const Outcome outcome = rules.apply("battery/topic", R"({"userId":"u"})");

    EXPECT_EQ(outcome.invalid, 1U);
    EXPECT_FALSE(outcome.drop);
    EXPECT_FALSE(outcome.replacement.has_value());
    EXPECT_THAT(lines(outcome.updates),
                ElementsAre(R"(battery/topic userId=u text {"userId":"u"})"));
    EXPECT_THAT(lines(rules.apply("battery/topic", "\xFF").updates),
                ElementsAre("battery/topic binary \xFF"));
}

TEST(RuleSet, ARuleThatRefusesLeavesThePayloadAsItWasBefore) {
    Rules rules({
        with_set(plain_rule("first", {"t"}), {{"a", source("1")}}),
        with_set(plain_rule("refuses", {"t"}),
                 {{"b", source("2")}, {"c", source("{payload.missing}")}}),
        with_mqtt(with_set(plain_rule("third", {"t"}), {{"d", source("{payload.a}3")}}),
                  TowardsMqtt::Replace),
    });

    const Outcome outcome = rules.apply("t", "{}");

    EXPECT_EQ(outcome.invalid, 1U);
    EXPECT_EQ(outcome.replacement, R"({"a":"1","d":"13"})");
    EXPECT_THAT(lines(outcome.updates), ElementsAre(R"(t {"a":"1","d":"13"})"))
        << "the refused text has the same topic and key";
}

TEST(RuleSet, TheFirstRuleThatRefusesIsUndoneToTheOriginal) {
    Rules rules({
        with_set(plain_rule("refuses", {"t"}),
                 {{"b", source("2")}, {"c", source("{payload.b}{payload.missing}")}}),
        with_set(plain_rule("second", {"t"}), {{"d", source("{payload.b}")}}),
        with_set(plain_rule("third", {"t"}), {{"d", source("{payload.a}")}}),
    });

    const Outcome outcome = rules.apply("t", R"({"a":1})");

    EXPECT_EQ(outcome.invalid, 2U);
    EXPECT_THAT(lines(outcome.updates), ElementsAre(R"(t {"a":1,"d":1})"));
}

TEST(RuleSet, AnInvalidPayloadThatDropsLeavesNothing) {
    Rules rules({
        with_mqtt(with_set(plain_rule("first", {"#"}), {{"a", source("1")}}), TowardsMqtt::Replace),
        publishing(plain_rule("second", {"#"}), "copy"),
        dropping(battery_rule()),
        plain_rule("never reached", {"#"}),
    });

    const Outcome outcome = rules.apply("battery/topic", "{}");

    EXPECT_TRUE(outcome.drop);
    EXPECT_EQ(outcome.matched, 4U);
    EXPECT_EQ(outcome.invalid, 1U);
    EXPECT_FALSE(outcome.replacement.has_value());
    EXPECT_THAT(outcome.publishes, IsEmpty());
    EXPECT_THAT(outcome.updates, IsEmpty());
}

RuleConfig with_field(RuleConfig rule, const char* path, const char* spec) {
    rule.fields.push_back({placed(path), parse_field_spec(spec).value()});
    return rule;
}

TEST(RuleSet, FieldsAreCheckedBeforeAnythingElse) {
    Rules rules({with_field(with_field(battery_rule(), "soc", "number 0..100"), "ts", "time?")});

    const Outcome valid = rules.apply("battery/topic", R"({"batteryPower":1,"soc":100})");
    EXPECT_EQ(valid.invalid, 0U);
    EXPECT_THAT(lines(valid.updates),
                ElementsAre(R"(battery/topic {"batteryPower":1,"soc":100,"state":"Charging"})"));

    const Outcome invalid = rules.apply("battery/topic", R"({"batteryPower":"x","soc":101})");
    EXPECT_EQ(invalid.invalid, 1U);
    EXPECT_EQ(rules.workspace().results().at(0).reason, InvalidReason::Range);
    EXPECT_THAT(lines(invalid.updates),
                ElementsAre(R"(battery/topic text {"batteryPower":"x","soc":101})"));
}

TEST(RuleSet, QuarantineDropsAndSaysWhy) {
    RuleConfig rule = with_field(plain_rule("strict", {"#"}), "mode", "one of auto|eco");
    rule.on_invalid = OnInvalid::Quarantine;
    Rules rules({publishing(plain_rule("copies", {"#"}), "copy"), rule, plain_rule("last", {"#"})});

    const Outcome outcome = rules.apply("t", R"({"mode":"fast"})");

    EXPECT_TRUE(outcome.drop);
    EXPECT_THAT(outcome.publishes, IsEmpty());
    EXPECT_THAT(outcome.updates, IsEmpty());
    ASSERT_TRUE(outcome.quarantined);
    EXPECT_EQ(outcome.quarantined->rule, 1U);
    EXPECT_EQ(outcome.quarantined->why.field, "mode");
    EXPECT_EQ(outcome.quarantined->why.reason, InvalidReason::Choice);

    EXPECT_FALSE(rules.apply("t", R"({"mode":"eco"})").drop);
    EXPECT_EQ(rules.apply("t", "no JSON").quarantined->why.reason, InvalidReason::NotJson);
    EXPECT_FALSE(rules.apply("t", "").quarantined) << "an empty payload passes";
}

TEST(RuleSet, TellsTheVerdictOfEachMatchingRule) {
    Rules rules({plain_rule("elsewhere", {"x"}), plain_rule("ok", {"#"}), battery_rule("passes"),
                 dropping(battery_rule("drops")), plain_rule("never reached", {"#"})});

    (void)rules.apply("battery/topic", "{}");

    std::vector<std::pair<std::uint32_t, RuleVerdict>> results;
    for (const RuleResult& r : rules.workspace().results()) results.emplace_back(r.rule, r.verdict);
    EXPECT_THAT(results,
                ElementsAre(std::pair(1U, RuleVerdict::Ok), std::pair(2U, RuleVerdict::Invalid),
                            std::pair(3U, RuleVerdict::Dropped)));
    (void)rules.apply("y/z", "{}");
    EXPECT_EQ(rules.workspace().results().size(), 2U);
}

TEST(RuleSet, PublishesToAnotherTopicAndShowsBrowsersThatTopic) {
    Rules rules({publishing(battery_rule(), "live/{payload.userId}")});

    const Outcome outcome = rules.apply("battery/topic", charging);

    EXPECT_FALSE(outcome.replacement.has_value());
    EXPECT_THAT(lines(outcome.publishes), ElementsAre("live/u " + std::string(charging_enriched)));
    EXPECT_THAT(lines(outcome.updates),
                ElementsAre("live/u userId=u " + std::string(charging_enriched)));
}

TEST(RuleSet, AnUnusablePublishTopicFollowsOnInvalid) {
    Rules passes({publishing(battery_rule(), "live/{payload.userId}")});
    Rules drops({dropping(publishing(battery_rule(), "live/{payload.userId}"))});
    constexpr std::string_view payload = R"({"userId":"a/b","batteryPower":1})";

    const Outcome passed = passes.apply("battery/topic", payload);
    const Outcome dropped = drops.apply("battery/topic", payload);

    EXPECT_EQ(passed.invalid, 1U);
    EXPECT_THAT(passed.publishes, IsEmpty());
    EXPECT_THAT(lines(passed.updates),
                ElementsAre("battery/topic userId=a/b text " + std::string(payload)));
    EXPECT_TRUE(dropped.drop);
}

TEST(RuleSet, AnEmptyRetainedPayloadClearsWhatTheRulesMadeOfTheTopic) {
    Rules rules({
        with_mqtt(dropping(battery_rule("replaces", {"site/{site}/state"})), TowardsMqtt::Replace),
        plain_rule("keeps", {"site/#"}),
        publishing(plain_rule("copies", {"site/{site}/state"}), "live/{site}"),
        publishing(plain_rule("copies again", {"site/{site}/#"}), "live/{site}"),
        publishing(plain_rule("by payload", {"site/#"}), "user/{payload.userId}"),
        publishing(plain_rule("by user", {"site/#"}), "user/{user}"),
    });

    const Outcome outcome =
        rules.apply({.topic = "site/north/state", .payload = "", .retain = true, .user = "anna"});

    EXPECT_EQ(outcome.matched, 6U);
    EXPECT_EQ(outcome.invalid, 0U);
    EXPECT_FALSE(outcome.drop);
    EXPECT_FALSE(outcome.replacement.has_value());
    EXPECT_THAT(lines(outcome.publishes), ElementsAre("live/north"));
    EXPECT_THAT(lines(outcome.updates),
                ElementsAre("site/north/state cleared", "live/north cleared"));
}

TEST(RuleSet, AnEmptyPayloadWithoutRetainPassesUntouched) {
    Rules rules({dropping(battery_rule()), publishing(plain_rule("copies", {"#"}), "copy")});

    const Outcome outcome = rules.apply("battery/topic", "");

    EXPECT_EQ(outcome.matched, 2U);
    expect_untouched(outcome);
}

TEST(RuleSet, TakesPayloadsOfManyMebibytesAndWorksOnAfterwards) {
    Rules rules({with_mqtt(battery_rule(), TowardsMqtt::Replace)});
    for (const std::size_t bytes : {1 * MiB, 16 * MiB}) {
        const std::string blob(bytes, 'x');
        const std::string payload = R"({"batteryPower":-5,"blob":")" + blob + "\"}";

        EXPECT_TRUE(rules.apply("battery/topic", payload).replacement ==
                    R"({"batteryPower":-5,"blob":")" + blob + R"(","state":"Discharging"})");
        EXPECT_EQ(rules.apply("battery/topic", charging).replacement, charging_enriched);
    }
}

TEST(RuleSet, RefusesToParseBeyondTheLimit) {
    Rules rules({battery_rule()});
    const std::string payload(128 * MiB + 1, ' ');

    EXPECT_EQ(rules.apply("battery/topic", payload).invalid, 1U);
}

TEST(RuleSet, ARuleCannotMakeAPayloadGrowBeyondTheLimit) {
    std::vector<RuleConfig> doubling;
    for (int i = 0; i < 8; ++i) {
        doubling.push_back(with_set(plain_rule("r" + std::to_string(i), {"t"}),
                                    {{"x" + std::to_string(i), source("{payload_text}")}}));
    }
    Rules rules(doubling);

    EXPECT_GT(rules.apply("t", R"({"a":")" + std::string(4 * MiB, 'x') + "\"}").invalid, 0U);
}

TEST(RuleSet, IsAPureFunctionOfThePublish) {
    Rules rules({with_mqtt(with_set(battery_rule(), {{"by", source("{client} {topic} {rule}")}}),
                           TowardsMqtt::Replace)});
    const Publish publish{.topic = "battery/topic", .payload = charging, .client = "c"};

    const Outcome first = rules.apply(publish);
    (void)rules.apply("battery/topic", R"({"batteryPower":-1})");

    EXPECT_EQ(rules.apply(publish).replacement, first.replacement);
}

TEST(RuleSet, ExplainsWhatEachRuleDid) {
    Rules rules({
        publishing(with_key(with_set(battery_rule("a", {"site/{site}/battery"}),
                                     {{"site", source("{site}")}}),
                            "{payload.userId}"),
                   "live/{payload.userId}"),
        with_set(plain_rule("b", {"site/#"}), {{"x", source("{payload.y}")}}),
        with_mqtt(with_key(plain_rule("c", {"#"}), "{payload.y}"), TowardsMqtt::Replace),
    });

    const std::vector<RuleTrace> traces =
        rules.trace({.topic = "site/north/battery", .payload = charging});

    std::vector<std::string> told;
    for (const RuleTrace& trace : traces) {
        told.push_back(trace.rule + " " + trace.filter);
        for (const auto& [name, value] : trace.captures) told.push_back(name + "=" + value);
        for (const RuleTrace::Step& step : trace.steps) {
            told.push_back(step.name + (step.ok ? ": " : " failed: ") + step.result);
        }
    }
    EXPECT_THAT(told, ElementsAre("a site/{site}/battery", "site=north", "battery: state=Charging",
                                  "set: site=\"north\"", "mqtt: publish live/u", "key: userId=u",
                                  "b site/#", "set failed: x: {payload.y} is missing",
                                  "on_invalid: pass: x: {payload.y} is missing", "c #",
                                  "mqtt: replace", "key: none: {payload.y} is missing"));
}

}  // namespace
}  // namespace rtbridge
