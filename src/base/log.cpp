#include "base/log.h"

#include <array>

namespace rtbridge {

std::string escape_control(std::string_view text) {
    static constexpr std::array<char, 17> digits = {"0123456789abcdef"};
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
            continue;
        }
        out += "\\x";
        out += digits.at(byte >> 4U);
        out += digits.at(byte & 0xfU);
    }
    return out;
}

}  // namespace rtbridge
