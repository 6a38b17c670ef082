#pragma once

#include <string_view>

namespace rtbridge {

// Well-formed UTF-8 as MQTT 5, 1.5.4 wants it: no surrogates, no overlong forms. NUL passes.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// Bytes of the UTF-8 character that `text` starts with, 0 where it starts with none.
[[nodiscard]] std::size_t utf8_character_bytes(std::string_view text) noexcept;

}  // namespace rtbridge
