#include "topic/topic_overlap.h"

#include <utility>

#include "topic/topic_levels.h"

namespace rtbridge {
namespace {

bool is_wildcard(std::string_view level) {
    return level == "+" || level == "#";
}

// Calls `keep` with each level of the intersection, front to back. False: there is none.
template <typename Keep>
bool intersect(std::string_view a, std::string_view b, Keep&& keep) {
    if (a.starts_with('$') != b.starts_with('$')) return false;
    TopicLevels levels_a(a);
    TopicLevels levels_b(b);
    while (!levels_a.at_end() && !levels_b.at_end()) {
        const std::string_view level_a = levels_a.next();
        const std::string_view level_b = levels_b.next();
        if (level_a == "#" || level_b == "#") {  // the other one's rest
            keep(level_a == "#" ? level_b : level_a);
            TopicLevels& rest = level_a == "#" ? levels_b : levels_a;
            while (!rest.at_end()) keep(rest.next());
            return true;
        }
        if (level_a != level_b && level_a != "+" && level_b != "+") return false;
        keep(level_a == "+" ? level_b : level_a);
    }
    // "a/#" matches "a" as well.
    if (!levels_a.at_end()) return levels_a.next() == "#";
    if (!levels_b.at_end()) return levels_b.next() == "#";
    return true;
}

}  // namespace

std::optional<std::string> intersection(std::string_view a, std::string_view b) {
    std::string text;
    bool first = true;
    const bool any = intersect(a, b, [&](std::string_view level) {
        if (!std::exchange(first, false)) text += '/';
        text += level;
    });
    if (!any) return std::nullopt;
    return text;
}

bool overlap(std::string_view a, std::string_view b) noexcept {
    return intersect(a, b, [](std::string_view) {});
}

bool covers(std::string_view wide, std::string_view narrow) noexcept {
    TopicLevels wide_levels(wide);
    TopicLevels narrow_levels(narrow);
    for (bool first = true; !wide_levels.at_end(); first = false) {
        const std::string_view wanted = wide_levels.next();
        if (first && is_wildcard(wanted) && narrow.starts_with('$')) return false;
        if (wanted == "#") return true;
        if (narrow_levels.at_end()) return false;
        const std::string_view level = narrow_levels.next();
        if (level == "#" || (wanted != "+" && wanted != level)) return false;
        if (narrow_levels.at_end() && !wide_levels.at_end()) return wide_levels.next() == "#";
    }
    return narrow_levels.at_end();
}

}  // namespace rtbridge
