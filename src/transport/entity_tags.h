#pragma once

#include <string_view>

namespace rtbridge {

// Whether an If-None-Match header lists `tag` ("\"abc\"") or is "*": by weak comparison, which does
// not look at W/ (RFC 9110, 8.8.3.2 and 13.1.2). Thread: any, pure.
[[nodiscard]] bool lists_entity_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace rtbridge
