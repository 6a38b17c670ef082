#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rtbridge {

struct NumberScan {
    std::size_t shortened = 0;  // integers rewritten
    bool malformed = false;     // a number that JSON does not know, as 01 or 1.
};

// Integers beyond 64 bits are legal JSON that simdjson 3 refuses. Overwrites the last two digits of
// each by "e2", which keeps its length and its value to 17 digits: "123456789012345678901234"
// becomes "1234567890123456789012e2". `text` need not be valid JSON.
NumberScan shorten_long_integers(std::span<char> text);

// Whether `token` is an integer that neither a signed nor an unsigned 64-bit integer holds.
[[nodiscard]] bool is_long_integer(std::string_view token) noexcept;

}  // namespace rtbridge
