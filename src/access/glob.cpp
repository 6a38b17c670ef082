#include "access/glob.h"

#include <cstddef>

namespace rtbridge {
namespace {

// Bytes of the character that starts at `at`. REQUIRES: at < text.size().
std::size_t character_bytes(std::string_view text, std::size_t at) noexcept {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    return end - at;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;  // the last '*' seen, and what it took so far
    std::size_t taken_to = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken_to = t;
        } else if (p < pattern.size() && pattern[p] == '?') {
            ++p;
            t += character_bytes(text, t);
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            taken_to += character_bytes(text, taken_to);
            p = star + 1;
            t = taken_to;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool is_glob(std::string_view pattern) noexcept {
    return pattern.find_first_of("*?") != std::string_view::npos;
}

}  // namespace rtbridge
