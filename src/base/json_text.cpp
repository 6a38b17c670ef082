#include "base/json_text.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace rtbridge {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

void append_escaped(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out += hex[byte >> 4U];
            out += hex[byte & 0xFU];
    }
}

bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    const bool valid = is_utf8(text);
    out += '"';
    std::size_t start = 0;  // of the bytes that can be copied as they are
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t bytes = valid ? 1 : utf8_character_bytes(text.substr(i));
        if (bytes > 0 && !needs_escape(text[i])) {
            i += bytes;
            continue;
        }
        out += text.substr(start, i - start);
        if (bytes == 0) {
            out += replacement_character;
        } else {
            append_escaped(out, text[i]);
        }
        start = ++i;
    }
    out += text.substr(start);
    out += '"';
}

void append_number(std::string& out, double number) {
    assert(std::isfinite(number));
    std::array<char, 32> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    assert(error == std::errc());
    out.append(digits.data(), end);
}

}  // namespace rtbridge
