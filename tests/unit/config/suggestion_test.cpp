#include "config/suggestion.h"

#include <gtest/gtest.h>

#include <string>

namespace rtbridge {
namespace {

TEST(Suggestion, IsTheNearestCandidateOrNothing) {
    const std::vector<std::string_view> keys = {"bind",  "origins", "dashboard", "topics",
                                                "topic", "tls",     "set",       "mqtt"};
    const struct {
        std::string_view word;
        std::string_view meant;  // empty = none
    } cases[] = {
        {"dashbord", "dashboard"},  // a letter dropped
        {"bindd", "bind"},          // one too many
        {"bond", "bind"},           // replaced
        {"tpoic", "topic"},         // swapped with its neighbour
        {"origin", "origins"},
        {"topcis", "topics"},
        {"mqt", "mqtt"},
        {"tsl", "tls"},
        {"foo", ""},
        {"listen", ""},
        {"", ""},
        {"x", ""},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(suggestion(c.word, keys).value_or(""), c.meant) << c.word;
    }
}

TEST(Suggestion, TheFirstOfTwoEquallyNearWins) {
    EXPECT_EQ(suggestion("sets", {"seta", "setb"}), "seta");
}

TEST(Suggestion, ALongWordCostsNothing) {
    EXPECT_FALSE(suggestion(std::string(1'000'000, 'x'), {"bind"}));
}

}  // namespace
}  // namespace rtbridge
