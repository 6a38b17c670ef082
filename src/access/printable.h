#pragma once

#include <string_view>

namespace rtbridge {

// Not empty, and without control characters (C0, DEL, and C1 as UTF-8 writes it): fit to be a name
// in logs, topics and lists. Thread: any.
[[nodiscard]] constexpr bool is_printable(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7F) return false;
        if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
            return false;
        }
    }
    return !text.empty();
}

}  // namespace rtbridge
