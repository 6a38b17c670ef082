#include "rules/topic_pattern.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rtbridge {
namespace {

TEST(TopicPattern, IsWhatATemplateCanMake) {
    const struct {
        std::string_view source;
        std::vector<std::string> topics;
        std::string_view filter;
        bool overlaps;
    } cases[] = {
        {"live/{payload.id}", {}, "live/+", true},
        {"live/{payload.id}", {}, "live/#", true},
        {"live/{payload.id}", {}, "live", false},
        {"live/{payload.id}", {}, "other/+", false},
        {"live/dev-{id}", {}, "live/dev-7", true},
        {"live/dev-{id}", {}, "live/tev-7", false},
        {"live/{id}-dev", {}, "live/7-dev", true},
        {"live/{id}-dev", {}, "live/7-tev", false},
        {"live/a{id}a", {}, "live/a", false},  // both ends at once are more than one letter
        {"{rule}/x", {}, "battery/x", true},
        {"{rule}/x", {}, "solar/x", false},
        {"a{{b/x", {}, "a{b/x", true},
        {"live/{topic}", {"a/+", "b"}, "live/b", true},
        {"live/{topic}", {"a/+", "b"}, "live/a/x", true},
        {"live/{topic}", {"a/+", "b"}, "live/c", false},
        {"{topic}/live", {"a/#"}, "a/b/live", true},
        {"{topic}/live", {"a/#"}, "a/b/raw", false},
        {"{topic}/live", {"a/#"}, "a/#", true},
        {"{topic}/live", {"a/#"}, "b/#", false},
        {"{topic}-x", {"a/+"}, "a/b-x", true},
        {"{topic}-x", {"a/+"}, "a/b-y", false},
    };
    for (const auto& c : cases) {
        const std::vector<TopicPattern> patterns = TopicPattern::of(c.source, c.topics, "battery");
        const bool any =
            std::any_of(patterns.begin(), patterns.end(),
                        [&](const TopicPattern& each) { return each.overlaps(c.filter); });
        EXPECT_EQ(any, c.overlaps) << c.source << " & " << c.filter;
    }
}

}  // namespace
}  // namespace rtbridge
