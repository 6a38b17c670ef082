#include "access/strict_json.h"

#include <set>
#include <string>
#include <vector>

namespace rtbridge {
namespace {

constexpr int depth_max = 16;

// Before the parser sees it, whatever the rest of the text is worth.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > depth_max) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

}  // namespace

std::optional<nlohmann::json> parse_strict_object(std::string_view text) {
    if (too_deep(text)) return std::nullopt;
    using Event = nlohmann::json::parse_event_t;
    std::vector<std::set<std::string, std::less<>>> names;  // of the objects that are open
    bool duplicate = false;
    const auto watch = [&](int /*depth*/, Event event, nlohmann::json& parsed) {
        if (event == Event::object_start) {
            names.emplace_back();
        } else if (event == Event::object_end) {
            names.pop_back();
        } else if (event == Event::key) {
            duplicate |= !names.back().insert(parsed.get<std::string>()).second;
        }
        return true;
    };
    nlohmann::json json = nlohmann::json::parse(text, watch, /*allow_exceptions=*/false);
    if (duplicate || !json.is_object()) return std::nullopt;
    return json;
}

}  // namespace rtbridge
