#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "rule_test_config.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> diagnostics_of(std::vector<RuleConfig> rules) {
    Diagnostics diagnostics;
    const std::shared_ptr<const RuleSet> set = compile(std::move(rules), diagnostics);
    EXPECT_EQ(set == nullptr, diagnostics.has_errors());
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : diagnostics.sorted()) lines.push_back(to_line(diagnostic));
    return lines;
}

RuleConfig rule_with_set(const char* text) {
    RuleConfig rule = plain_rule("r", {"site/{site}/{device}"});
    rule.set = {{"out", source(text)}};
    return rule;
}

RuleConfig rule_with_publish(const char* topic) {
    RuleConfig rule = plain_rule("r", {"site/{site}/{device}"});
    rule.mqtt = TowardsMqtt::Publish;
    rule.publish_topic = placed(topic);
    return rule;
}

TEST(RuleCompile, ReportsEveryMistakeOfEveryRuleWithItsPlace) {
    RuleConfig first = plain_rule("same", {"a/#/b", "ok", "{a}/{a}"});
    RuleConfig second = plain_rule("same", {"{site}/x"});
    second.key = placed("no brace");
    second.set = {{"x", source("{sitte} {nothing_like_it}")}, {"y", source("{now}")}};
    RuleConfig nameless = plain_rule("", {});

    EXPECT_THAT(
        diagnostics_of({first, second, nameless}),
        ElementsAre(
            HasSubstr("test:1:1: error: a second rule is named \"same\"; the first is in line 1"),
            "test:1:1: error: a rule needs a name", HasSubstr("test:1:1: error: rule \"\" needs"),
            "test:2:1: error: invalid topic: '#' must be the last level",
            "test:2:3: error: invalid topic: two levels are named \"a\"",
            "test:5:5: error: a key needs a value in braces, as in \"{payload.userId}\"",
            "test:9:9: error: unknown name {sitte}; did you mean {site}?",
            HasSubstr("unknown name {nothing_like_it}; the rule's topics name {site}"),
            HasSubstr("{now} cannot be used here: the broker shows a re-sent message twice")));
}

TEST(RuleCompile, AnInvalidTopicHidesNoOtherMistakeOfItsRule) {
    RuleConfig rule = plain_rule("r", {"a/#/b"});
    rule.key = placed("{payload.userId");
    rule.set = {{"x", source("{perhaps_of_that_topic}")}, {"y", source("{now}")}};

    EXPECT_THAT(diagnostics_of({rule}),
                UnorderedElementsAre(HasSubstr("'#' must be the last level"), HasSubstr("brace"),
                                     HasSubstr("{now} cannot be used")));
}

TEST(RuleCompile, RefusesNamesThatHaveNoValueInARule) {
    const struct {
        const char* text;
        std::string_view reason;
    } cases[] = {
        {"{now}", "not on the clock"},
        {"at {now_ms}", "not on the clock"},
        {"{claim.site}", "{claim.site} has no meaning in a rule"},
        {"{session}", "{session} has no meaning in a rule"},
        {"{sessions}", "{sessions} has no meaning in a rule"},
        {"{arg}", "{arg} has no meaning in a rule"},
        {"{arg.x}", "{arg.x} has no meaning in a rule"},
        {"{body.x}", "{body.x} has no meaning in a rule"},
        {"{key}", "the rule has no key"},
        {"{payload.}", "unknown name {payload.}"},
        {"{paylod.x}", "unknown name {paylod.x}"},
        {"{}", "unknown name {}"},
        {"{ site }", "did you mean {site}?"},
        {"{site", "'{' without '}'"},
    };
    for (const auto& c : cases) {
        EXPECT_THAT(diagnostics_of({rule_with_set(c.text)}), ElementsAre(HasSubstr(c.reason)));
        EXPECT_THAT(diagnostics_of({rule_with_publish(c.text)}), ElementsAre(HasSubstr(c.reason)));
    }
}

TEST(RuleCompile, ACaptureMustBeInEveryTopicOfTheRule) {
    RuleConfig rule = plain_rule("r", {"site/{site}", "other/+"});
    rule.key = placed("{site}");

    EXPECT_THAT(diagnostics_of({rule}),
                ElementsAre(HasSubstr("{site} is used, but the topic \"other/+\" of the rule")));
}

TEST(RuleCompile, AKeyIsNotMadeOfItself) {
    RuleConfig rule = plain_rule("r", {"t"});
    rule.key = placed("{key}");

    EXPECT_THAT(diagnostics_of({rule}), ElementsAre(HasSubstr("cannot be made of {key}")));
}

TEST(RuleCompile, WarnsWhereBrowsersCannotSelectByTheKey) {
    RuleConfig rule = plain_rule("r", {"t"});
    rule.key = placed("{payload.token}");

    EXPECT_THAT(diagnostics_of({rule}), ElementsAre(HasSubstr("warning: browsers cannot select")));
}

TEST(RuleCompile, RefusesTopicsThatNobodyCanPublishTo) {
    for (const char* topic : {"", "a/+/b", "a/#", "a\nb", "a\xFF", "{site}/#"}) {
        EXPECT_THAT(diagnostics_of({rule_with_publish(topic)}),
                    ElementsAre(HasSubstr("test:5:5: error: the topic to publish to")))
            << topic;
    }
}

TEST(RuleCompile, RefusesNumbersThatJsonDoesNotKnow) {
    RuleConfig rule = plain_rule("r", {"t"});
    rule.set = {{"x", source(TemplateSource::Array{source(std::numeric_limits<double>::infinity()),
                                                   source(std::nan(""))})}};

    EXPECT_THAT(diagnostics_of({rule}),
                ElementsAre(HasSubstr("inf or nan"), HasSubstr("inf or nan")));
}

TEST(RuleCompile, AcceptsWhatMayLookStrange) {
    RuleConfig rule = battery_rule("r", {"#", "$SYS/#", "#"});
    rule.set = {{"state", source("overrides")}, {"", source("empty name")}};
    RuleConfig nothing_to_set = plain_rule("empty", {"a"});

    EXPECT_THAT(diagnostics_of({rule, nothing_to_set}), IsEmpty());
    EXPECT_THAT(diagnostics_of({}), IsEmpty());
}

TEST(RuleCompile, RulesTellTheirKeyName) {
    Rules rules({battery_rule(), plain_rule("none", {"t"})});

    EXPECT_EQ(rules.set().rules()[0]->key_name(), "userId");
    EXPECT_EQ(rules.set().rules()[1]->key_name(), "");
    EXPECT_EQ(rules.set().rules()[1]->name(), "none");
}

}  // namespace
}  // namespace rtbridge
