#include "rules/topic_pattern.h"

#include <algorithm>

#include "topic/topic_levels.h"
#include "topic/topic_overlap.h"

namespace rtbridge {
namespace {

// Stands for a value in the text of a template; topics hold no control characters.
constexpr char value_mark = '\x01';

// The template with marks for values: "{{" is a brace, {rule} and {topic} are what they stand for.
std::string marked(std::string_view source, std::string_view topic, std::string_view rule) {
    std::string text;
    for (std::size_t at = 0; at < source.size(); ++at) {
        const std::string_view rest = source.substr(at);
        if (rest.starts_with("{{") || rest.starts_with("}}")) {
            text += rest[0];
            ++at;
        } else if (rest.starts_with('{')) {
            const std::size_t end = std::min(rest.find('}'), rest.size());
            const std::string_view name = rest.substr(1, end - 1);
            if (name == "topic") {
                text += topic;
            } else if (name == "rule") {
                text += rule;
            } else {
                text += value_mark;
            }
            at += end;
        } else {
            text += rest[0];
        }
    }
    return text;
}

}  // namespace

class TopicPattern::Builder {
public:
    static TopicPattern build(std::string_view text) {
        TopicPattern pattern{std::string()};
        TopicLevels levels(text);
        for (std::size_t index = 0; !levels.at_end(); ++index) {
            const std::string_view level = levels.next();
            if (index > 0) pattern.filter_ += '/';
            // From a topic with '#' on, nothing but the end is known.
            if (level.ends_with('#')) {
                pattern.filter_ += '#';
                const std::size_t slash = text.rfind('/');
                if (!levels.at_end()) pattern.last_ = text.substr(slash + 1);
                if (pattern.last_.find_first_of("\x01+#") != std::string::npos) {
                    pattern.last_.clear();
                }
                return pattern;
            }
            add_level(pattern, level, index);
        }
        return pattern;
    }

private:
    static void add_level(TopicPattern& pattern, std::string_view level, std::size_t index) {
        const std::size_t first = level.find_first_of("\x01+");
        if (first == std::string_view::npos) {
            pattern.filter_ += level;
            return;
        }
        pattern.filter_ += '+';
        const std::size_t last = level.find_last_of("\x01+");
        if (level.size() > 1) {
            pattern.levels_.push_back(
                {index, std::string(level.substr(0, first)), std::string(level.substr(last + 1))});
        }
    }
};

std::vector<TopicPattern> TopicPattern::of(std::string_view source,
                                           const std::vector<std::string>& topics,
                                           std::string_view rule) {
    std::vector<TopicPattern> patterns;
    if (source.find("{topic}") == std::string_view::npos || topics.empty()) {
        patterns.push_back(Builder::build(marked(source, "+", rule)));
        return patterns;
    }
    for (const std::string& topic : topics) {
        patterns.push_back(Builder::build(marked(source, topic, rule)));
    }
    return patterns;
}

bool TopicPattern::overlaps(std::string_view filter) const noexcept {
    if (!overlap(filter_, filter)) return false;
    if (!last_.empty()) {
        const std::string_view last = filter.substr(filter.rfind('/') + 1);
        if (last != "#" && last != "+" && last != last_) return false;
    }
    TopicLevels levels(filter);
    auto wanted = levels_.begin();
    for (std::size_t index = 0; wanted != levels_.end() && !levels.at_end(); ++index) {
        const std::string_view level = levels.next();
        if (level == "#") return true;
        if (index != wanted->index) continue;
        const bool fits =
            level == "+" || (level.size() >= wanted->begin.size() + wanted->end.size() &&
                             level.starts_with(wanted->begin) && level.ends_with(wanted->end));
        if (!fits) return false;
        ++wanted;
    }
    return true;
}

}  // namespace rtbridge
