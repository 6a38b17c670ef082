#include "transport/path_pattern.h"

#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "config/in_quotes.h"
#include "topic/topic_filter.h"

namespace rtbridge {
namespace {

// Takes the first segment off a path; `path` is then what follows its '/', nothing after the last.
std::string_view next_segment(std::optional<std::string_view>& path) {
    const std::size_t slash = path->find('/');
    const std::string_view segment = path->substr(0, slash);
    if (slash == std::string_view::npos) {
        path.reset();
    } else {
        path->remove_prefix(slash + 1);
    }
    return segment;
}

std::optional<std::string> mistake_in_text(std::string_view segment) {
    if (segment == "." || segment == "..") return "has a segment \"" + std::string(segment) + "\"";
    for (const char c : segment) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\' || c == '+') {
            return "holds a character that paths of requests can't have";
        }
        if (c == '?' || c == '#') return "holds '?' or '#', which end a path";
        if (c == '%') return "holds '%'; write it as it reads, not encoded";
        if (c == '{' || c == '}') return "has a brace inside of a segment; a name is all of it";
    }
    return std::nullopt;
}

}  // namespace

Result<PathPattern, std::string> PathPattern::compile(std::string_view text) {
    if (!text.starts_with('/')) return Failure{std::string("does not begin with '/'")};
    if (!is_utf8(text)) return Failure{std::string("is not UTF-8")};
    PathPattern pattern;
    std::optional<std::string_view> rest = text.substr(1);
    while (rest) {
        const std::string_view segment = next_segment(rest);
        if (segment.empty() && rest) return Failure{std::string("has an empty segment")};
        if (segment.starts_with('{') && segment.ends_with('}')) {
            const std::string_view name = segment.substr(1, segment.size() - 2);
            if (!is_capture_name(name)) {
                return Failure{"has the name " + in_quotes(segment) +
                               "; names are letters, digits and '_'"};
            }
            if (is_reserved_name(name)) {
                return Failure{"has the name " + in_quotes(segment) +
                               ", which means something else in templates"};
            }
            if (std::find(pattern.names_.begin(), pattern.names_.end(), name) !=
                pattern.names_.end()) {
                return Failure{"has the name " + in_quotes(segment) + " twice"};
            }
            pattern.names_.emplace_back(name);
            pattern.segments_.push_back({std::string(name), true});
            continue;
        }
        if (auto mistake = mistake_in_text(segment)) return Failure{*std::move(mistake)};
        pattern.segments_.push_back({std::string(segment), false});
    }
    return pattern;
}

bool PathPattern::match(std::string_view path, std::vector<std::string>& captures) const {
    captures.clear();
    if (!path.starts_with('/')) return false;
    std::optional<std::string_view> rest = path.substr(1);
    for (const Segment& expected : segments_) {
        if (!rest) return false;
        const std::string_view segment = next_segment(rest);
        if (!expected.name) {
            if (segment != expected.text) return false;
        } else if (segment.empty()) {
            return false;
        } else {
            captures.emplace_back(segment);
        }
    }
    return !rest;
}

bool PathPattern::matches_the_same(const PathPattern& other) const {
    return std::equal(segments_.begin(), segments_.end(), other.segments_.begin(),
                      other.segments_.end(), [](const Segment& a, const Segment& b) {
                          return a.name == b.name && (a.name || a.text == b.text);
                      });
}

bool PathPattern::comes_before(const PathPattern& other) const {
    return std::lexicographical_compare(
        segments_.begin(), segments_.end(), other.segments_.begin(), other.segments_.end(),
        [](const Segment& a, const Segment& b) { return !a.name && b.name; });
}

bool PathPattern::may_be_below(std::string_view folder) const {
    std::optional<std::string_view> rest = folder.substr(1);
    for (const Segment& segment : segments_) {
        const std::string_view expected = next_segment(rest);
        if (!rest) return true;  // behind the last '/'
        if (!segment.name && segment.text != expected) return false;
    }
    return false;
}

}  // namespace rtbridge
