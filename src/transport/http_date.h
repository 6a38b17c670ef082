#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// Dates of HTTP headers (RFC 9110, 5.6.7), in seconds of Unix time. Thread: any, pure.

// "Sun, 06 Nov 1994 08:49:37 GMT"
[[nodiscard]] std::string http_date(std::int64_t unix_s);

// All three forms that servers have to take. Nothing: it is none of them.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace rtbridge
