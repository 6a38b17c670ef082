#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

// Durations and sizes as they stand in the configuration file: a whole number and a unit, without
// blanks: "250ms", "64KiB". Thread: any.

namespace rtbridge {

// Units ms, s, m, h. Nothing for any other text and beyond ten years.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// Units B, KiB, MiB, GiB (powers of 1024) and KB, MB, GB (powers of 1000). Nothing beyond 1024 TiB.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

// A rate as "10/s": a whole number from 1, and a time: "10/s" is 10 in each second, "30/m" or
// "30/min" 30 a minute, "1/10s" one in 10 seconds. Nothing for any other text, beyond 1000 a second
// and below one a day.
[[nodiscard]] std::optional<RateConfig> parse_rate(std::string_view text);

// In the largest unit that leaves no remainder; what these return, the functions above read.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);
[[nodiscard]] std::string format_size(std::uint64_t bytes);
[[nodiscard]] std::string format_rate(const RateConfig& rate);

}  // namespace rtbridge
