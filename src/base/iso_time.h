#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// Adds a time of Unix milliseconds as ISO 8601 in UTC: 2023-11-14T22:13:20.000Z. Years beyond 9999
// have as many digits as they need.
void append_iso_time(std::string& out, std::int64_t unix_ms);

// Unix milliseconds of an Internet timestamp (RFC 3339, 5.6): 2023-11-14T22:13:20Z, with any
// fraction and any offset; a blank may stand for the T. Nothing where it is none.
[[nodiscard]] std::optional<std::int64_t> read_iso_time(std::string_view text);

}  // namespace rtbridge
