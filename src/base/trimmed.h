#pragma once

#include <string_view>

namespace rtbridge {

// `text` without blanks at its ends. Thread: any, pure.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text,
                                                 std::string_view blanks = " \t") {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// What may stand between the tokens of JSON (RFC 8259, 2).
inline constexpr std::string_view json_blanks = " \t\n\r";

}  // namespace rtbridge
