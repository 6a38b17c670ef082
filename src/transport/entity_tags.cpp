#include "transport/entity_tags.h"

namespace rtbridge {

bool lists_entity_tag(std::string_view if_none_match, std::string_view tag) {
    const auto skip = [&if_none_match](std::string_view characters) {
        const std::size_t at = if_none_match.find_first_not_of(characters);
        if_none_match.remove_prefix(at == std::string_view::npos ? if_none_match.size() : at);
    };
    skip(" \t");
    if (if_none_match.starts_with('*')) {
        if_none_match.remove_prefix(1);
        skip(" \t");
        return if_none_match.empty();
    }
    for (;;) {
        skip(" \t,");
        if (if_none_match.starts_with("W/")) if_none_match.remove_prefix(2);
        if (!if_none_match.starts_with('"')) return false;  // the end, or no list of tags
        const std::size_t end = if_none_match.find('"', 1);
        if (end == std::string_view::npos) return false;
        if (if_none_match.substr(0, end + 1) == tag) return true;
        if_none_match.remove_prefix(end + 1);
    }
}

}  // namespace rtbridge
