#include "topic/topic_overlap.h"

#include <gtest/gtest.h>

#include <vector>

#include "topic/topic_filter.h"

namespace rtbridge {
namespace {

TEST(TopicOverlap, IsTheFilterOfAllTopicsThatBothMatch) {
    const struct {
        std::string_view a, b;
        std::optional<std::string> both;
    } cases[] = {
        {"a/b", "a/b", "a/b"},
        {"a/b", "a/c", std::nullopt},
        {"a/+", "+/b", "a/b"},
        {"a/+", "a/b/c", std::nullopt},
        {"site/+/battery", "site/north/#", "site/north/battery"},
        {"a/#", "a/+/c", "a/+/c"},
        {"a/#", "a", "a"},  // '#' includes the parent
        {"+", "a/#", "a"},  // likewise
        {"a/b/#", "a", std::nullopt},
        {"a/#", "a/b/#", "a/b/#"},
        {"#", "#", "#"},
        {"#", "+/#", "+/#"},
        {"a//b", "a/+/b", "a//b"},  // an empty level is a level
        {"#", "$SYS/uptime", std::nullopt},
        {"+/uptime", "$SYS/#", std::nullopt},
        {"$SYS/#", "$SYS/+", "$SYS/+"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(intersection(c.a, c.b), c.both) << c.a << " & " << c.b;
        EXPECT_EQ(overlap(c.a, c.b), c.both.has_value()) << c.a << " & " << c.b;
        EXPECT_EQ(overlap(c.b, c.a), c.both.has_value()) << c.b << " & " << c.a;
    }
}

TEST(TopicOverlap, CoversWhatMatchesNoOtherTopic) {
    const struct {
        std::string_view wide, narrow;
        bool covers;
    } cases[] = {
        {"a/b", "a/b", true},   {"a/+", "a/b", true},   {"a/b", "a/+", false},
        {"a/#", "a/b/c", true}, {"a/#", "a", true},     {"a/#", "a/#", true},
        {"a/+", "a/#", false},  {"#", "a/#", true},     {"a/b/#", "a/#", false},
        {"+/+", "a/#", false},  {"#", "$SYS/x", false}, {"$SYS/#", "$SYS/x", true},
        {"a/+", "a", false},    {"a/+/#", "a/+", true}, {"a/+/#", "a", false},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(covers(c.wide, c.narrow), c.covers) << c.wide << " over " << c.narrow;
    }
}

// Every filter of up to three levels against every topic of up to four.
TEST(TopicOverlap, AgreesWithTheFiltersThemselves) {
    const std::vector<std::string> words = {"a", "b", "$x"};
    std::vector<std::string> topics = words;
    for (std::size_t begin = 0, level = 1; level < 4; ++level) {
        const std::size_t end = topics.size();
        for (std::size_t i = begin; i < end; ++i) {
            for (const std::string& word : words) topics.push_back(topics[i] + "/" + word);
        }
        begin = end;
    }
    std::vector<std::string> filters;
    const std::vector<std::string> levels = {"a", "b", "+", "#"};
    for (const char* const first : {"a", "$x", "+", "#"}) {
        filters.emplace_back(first);
        if (filters.back() == "#") continue;
        for (const std::string& second : levels) {
            filters.push_back(std::string(first) + "/" + second);
            if (second == "#") continue;
            for (const std::string& third : levels) {
                filters.push_back(std::string(first) + "/" + second + "/" + third);
            }
        }
    }

    for (const std::string& a : filters) {
        for (const std::string& b : filters) {
            const TopicFilter filter_a = TopicFilter::parse(a).value();
            const TopicFilter filter_b = TopicFilter::parse(b).value();
            const std::optional<std::string> text = intersection(a, b);
            bool both_match = false;
            bool a_covers = true;
            for (const std::string& topic : topics) {
                const bool both = filter_a.matches(topic) && filter_b.matches(topic);
                both_match |= both;
                a_covers &= filter_a.matches(topic) || !filter_b.matches(topic);
                EXPECT_EQ(text && TopicFilter::parse(*text).value().matches(topic), both)
                    << a << " & " << b << " ~ " << topic;
            }
            EXPECT_EQ(overlap(a, b), both_match) << a << " & " << b;
            EXPECT_TRUE(!covers(a, b) || a_covers) << a << " over " << b;
        }
    }
}

}  // namespace
}  // namespace rtbridge
