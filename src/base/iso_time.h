#pragma once

#include <cstdint>
#include <string>

namespace rtbridge {

// Adds a time of Unix milliseconds as ISO 8601 in UTC: 2023-11-14T22:13:20.000Z. Years beyond 9999
// have as many digits as they need.
void append_iso_time(std::string& out, std::int64_t unix_ms);

}  // namespace rtbridge
