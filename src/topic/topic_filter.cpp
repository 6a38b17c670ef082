#include "topic/topic_filter.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/utf8.h"
#include "topic/topic_levels.h"

namespace rtbridge {
namespace {

constexpr std::array<std::string_view, 14> reserved_names = {
    "topic", "key",    "payload", "payload_text", "user",     "client", "claim",
    "now",   "now_ms", "rule",    "session",      "sessions", "arg",    "body"};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

// What is wrong with the filter as a text, before its levels are looked at.
std::optional<std::string> whole_text_mistake(std::string_view text) {
    if (text.empty()) return "a topic filter must not be empty";
    if (text.size() > topic_bytes_max) return "a topic filter has at most 65535 bytes";
    if (!is_utf8(text)) return "a topic filter must be valid UTF-8";
    if (text.find('\0') != std::string_view::npos) return "a topic filter must not contain NUL";
    return std::nullopt;
}

std::optional<std::string> wildcard_mistake(std::string_view level, bool last) {
    if (level.find('#') != std::string_view::npos) {
        if (level.size() > 1) return "'#' must be alone in its level, not " + quoted(level);
        if (!last) return "'#' must be the last level";
    }
    if (level.find('+') != std::string_view::npos && level.size() > 1) {
        return "'+' must be alone in its level, not " + quoted(level);
    }
    return std::nullopt;
}

bool has_brace(std::string_view level) {
    return level.find_first_of("{}") != std::string_view::npos;
}

// REQUIRES: `level` has a brace. Gives the name, or why it is none.
Result<std::string_view, std::string> named_level(std::string_view level) {
    const bool whole = level.size() >= 2 && level.front() == '{' && level.back() == '}';
    const std::string_view name = whole ? level.substr(1, level.size() - 2) : level;
    if (!whole || has_brace(name)) {
        return Failure{"a name in braces must fill its level, as in \"site/{site}/state\"; " +
                       quoted(level) + " mixes braces with text"};
    }
    if (!is_capture_name(name)) {
        return Failure{quoted(level) +
                       " needs a name of letters, digits and '_' that does not start with a digit"};
    }
    if (is_reserved_name(name)) {
        return Failure{"a level cannot be named " + quoted(name) +
                       ": the name in braces has a meaning of its own"};
    }
    return name;
}

bool is_wildcard(std::string_view level) {
    return level == "+" || level == "#";
}

}  // namespace

bool is_reserved_name(std::string_view name) noexcept {
    return !name.empty() &&
           std::find(reserved_names.begin(), reserved_names.end(), name) != reserved_names.end();
}

bool is_capture_name(std::string_view name) noexcept {
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter(c) || is_digit(c); });
}

Result<TopicFilter, std::string> TopicFilter::parse(std::string_view text) {
    if (std::optional<std::string> mistake = whole_text_mistake(text)) return Failure{*mistake};
    TopicLevels levels(text);
    while (!levels.at_end()) {
        const std::string_view level = levels.next();
        if (auto mistake = wildcard_mistake(level, levels.at_end())) return Failure{*mistake};
    }
    return TopicFilter(std::string(text), {});
}

Result<TopicFilter, std::string> TopicFilter::parse_named(std::string_view text) {
    if (std::optional<std::string> mistake = whole_text_mistake(text)) return Failure{*mistake};
    std::string plain;
    std::vector<Capture> captures;
    TopicLevels levels(text);
    for (std::uint32_t index = 0; !levels.at_end(); ++index) {
        std::string_view level = levels.next();
        if (has_brace(level)) {
            const Result<std::string_view, std::string> name = named_level(level);
            if (!name.ok()) return Failure{name.error()};
            for (const Capture& capture : captures) {
                if (capture.name == name.value()) {
                    return Failure{"two levels are named " + quoted(name.value())};
                }
            }
            captures.push_back({std::string(name.value()), index});
            level = "+";
        }
        if (auto mistake = wildcard_mistake(level, levels.at_end())) return Failure{*mistake};
        if (index > 0) plain += '/';
        plain += level;
    }
    return TopicFilter(std::move(plain), std::move(captures));
}

bool TopicFilter::matches(std::string_view topic) const noexcept {
    TopicLevels filter_levels(text_);
    TopicLevels topic_levels(topic);
    for (bool first = true; !filter_levels.at_end(); first = false) {
        const std::string_view wanted = filter_levels.next();
        if (first && is_wildcard(wanted) && topic.starts_with('$')) return false;
        if (wanted == "#") return true;
        if (topic_levels.at_end()) return false;
        const std::string_view level = topic_levels.next();
        if (wanted != "+" && wanted != level) return false;
        if (topic_levels.at_end() && !filter_levels.at_end()) {
            return filter_levels.next() == "#";  // "plant/#" matches its parent "plant"
        }
    }
    return topic_levels.at_end();
}

}  // namespace rtbridge
