#include "base/utf8.h"

#include <simdjson.h>

#include <algorithm>

namespace rtbridge {

bool is_utf8(std::string_view text) noexcept {
    return simdjson::validate_utf8(text.data(), text.size());
}

std::size_t utf8_character_bytes(std::string_view text) noexcept {
    if (text.empty()) return 0;
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return 1;
    const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    return bytes <= text.size() && is_utf8(text.substr(0, bytes)) ? bytes : 0;
}

}  // namespace rtbridge
