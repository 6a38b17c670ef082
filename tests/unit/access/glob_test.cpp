#include "access/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace rtbridge {
namespace {

TEST(Glob, MatchesTheWholeText) {
    const struct {
        std::string_view pattern, text;
        bool matches;
    } cases[] = {
        {"anna", "anna", true},  {"anna", "annab", false},   {"anna", "Anna", false},
        {"a*", "a", true},       {"a*", "anna", true},       {"*a", "anna", true},
        {"*n*n*", "anna", true}, {"*n*n*n*", "anna", false}, {"a?a", "aba", true},
        {"a?a", "aa", false},    {"?", "\xC3\xA4", true},    {"??", "\xC3\xA4", false},
        {"*", "", true},         {"?", "", false},           {"", "", true},
        {"", "a", false},        {"*b", "abab", true},       {"[a]", "a", false},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(glob_matches(c.pattern, c.text), c.matches) << c.pattern << " ~ " << c.text;
    }
}

TEST(Glob, ManyStarsCostNoMoreThanTheirProductWithTheText) {
    std::string pattern;
    for (int i = 0; i < 100; ++i) pattern += "*a";

    EXPECT_FALSE(glob_matches(pattern + "b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace rtbridge
