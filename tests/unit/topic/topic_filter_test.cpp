#include "topic/topic_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(TopicFilter, MatchesByTheMqttWildcardRules) {
    const struct {
        std::string_view filter, topic;
        bool matches;
    } cases[] = {
        {"plant/7/temp", "plant/7/temp", true},
        {"plant/7/temp", "plant/7", false},
        {"plant/7", "plant/7/temp", false},
        {"plant", "plants", false},
        {"plant/+/temp", "plant/7/temp", true},
        {"plant/+", "plant/7/temp", false},  // '+' is exactly one level
        {"plant/+", "plant", false},
        {"plant/+", "plant/", true},  // which may be empty
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        {"plant/#", "plant", true},  // '#' includes the parent
        {"plant/#", "plant/", true},
        {"plant/#", "plant/7/temp", true},
        {"plant/#", "plants/7", false},
        {"plant/+/#", "plant", false},
        {"plant/+/#", "plant/7", true},
        {"#", "any/thing", true},
        {"#", "/", true},
        {"#", "$SYS/uptime", false},  // MQTT 5, 4.7.2
        {"+/uptime", "$SYS/uptime", false},
        {"$SYS/#", "$SYS/uptime", true},
        {"$SYS/+", "$SYS/uptime", true},
        {"+/+", "a/$b", true},
        {"Plant", "plant", false},
        {"a//b", "a//b", true},
        {"a/+/b", "a//b", true},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(TopicFilter::parse(c.filter).value().matches(c.topic), c.matches)
            << c.filter << " ~ " << c.topic;
    }
}

TEST(TopicFilter, RefusesWhatMqttRefusesAndSaysWhy) {
    using namespace std::string_literals;
    const struct {
        std::string filter, reason;
    } cases[] = {
        {"", "must not be empty"},
        {std::string(65'536, 'a'), "at most 65535 bytes"},
        {"a\xFF", "valid UTF-8"},
        {"\xED\xA0\x80", "valid UTF-8"},  // a surrogate
        {"a\0b"s, "NUL"},
        {"a/#/b", "'#' must be the last level"},
        {"#/", "'#' must be the last level"},
        {"a#", "'#' must be alone in its level, not \"a#\""},
        {"a/##", "'#' must be alone"},
        {"+#", "'#' must be alone"},
        {"a/b+/c", "'+' must be alone in its level, not \"b+\""},
        {"++", "'+' must be alone"},
    };
    for (const auto& c : cases) {
        for (const auto& parse : {TopicFilter::parse, TopicFilter::parse_named}) {
            const auto filter = parse(c.filter);
            ASSERT_FALSE(filter.ok()) << c.filter;
            EXPECT_THAT(filter.error(), HasSubstr(c.reason));
        }
    }
}

TEST(TopicFilter, AcceptsTheLongestFilter) {
    EXPECT_TRUE(TopicFilter::parse(std::string(65'535, 'a')).ok());
    EXPECT_TRUE(TopicFilter::parse(std::string(65'534, '/') + "#")
                    .value()
                    .matches(std::string(65'535, '/')));
}

TEST(TopicFilter, ANamedLevelIsAPlusThatKnowsItsPlace) {
    const TopicFilter filter = TopicFilter::parse_named("site/{site}/+/{_dev2}/state/#").value();

    EXPECT_EQ(filter.text(), "site/+/+/+/state/#");
    EXPECT_THAT(filter.captures(),
                ElementsAre(TopicFilter::Capture{"site", 1}, TopicFilter::Capture{"_dev2", 3}));
    EXPECT_TRUE(filter.matches("site/north/x/7/state"));
}

TEST(TopicFilter, ALeadingNameDoesNotMatchHiddenTopics) {
    EXPECT_FALSE(TopicFilter::parse_named("{root}/uptime").value().matches("$SYS/uptime"));
}

TEST(TopicFilter, RefusesNamesThatCannotWork) {
    const struct {
        std::string_view filter, reason;
    } cases[] = {
        {"a{b}", "\"a{b}\" mixes braces with text"},
        {"x/{b}c/y", "mixes braces with text"},
        {"{a}{b}", "mixes braces with text"},
        {"{{a}}", "mixes braces with text"},
        {"{a", "mixes braces with text"},
        {"a}", "mixes braces with text"},
        {"{}", "needs a name"},
        {"{1a}", "does not start with a digit"},
        {"{a-b}", "letters, digits and '_'"},
        {"{payload.x}", "letters, digits and '_'"},
        {"{\xC3\xA4}", "letters, digits and '_'"},
        {"{a}/{b}/{a}", "two levels are named \"a\""},
        {"{topic}", "meaning of its own"},
    };
    for (const auto& c : cases) {
        const auto filter = TopicFilter::parse_named(c.filter);
        ASSERT_FALSE(filter.ok()) << c.filter;
        EXPECT_THAT(filter.error(), HasSubstr(c.reason));
    }
}

TEST(TopicFilter, NoLevelIsNamedLikeAnotherValueInBraces) {
    for (const std::string name :
         {"topic", "key", "payload", "payload_text", "user", "client", "claim", "now", "now_ms",
          "rule", "session", "sessions", "arg", "body"}) {
        EXPECT_FALSE(TopicFilter::parse_named("{" + name + "}").ok()) << name;
        EXPECT_TRUE(TopicFilter::parse_named("{" + name + "_}").ok()) << name;
    }
}

TEST(TopicFilter, BracesAreTextWhereNamesAreNotMeant) {
    const TopicFilter filter = TopicFilter::parse("a/{b}").value();

    EXPECT_TRUE(filter.matches("a/{b}"));
    EXPECT_FALSE(filter.matches("a/x"));
    EXPECT_THAT(filter.captures(), IsEmpty());
}

}  // namespace
}  // namespace rtbridge
