#include "config/toml_nesting.h"

#include <algorithm>
#include <string>

namespace rtbridge {
namespace {

constexpr std::size_t brackets_max = 32;
constexpr std::size_t key_parts_max = 32;

// `at` is on an opening quote; returns the offset behind the string.
std::size_t skip_string(std::string_view text, std::size_t at) {
    const char quote = text[at];
    const bool escapes = quote == '"';
    const std::string triple(3, quote);
    const bool multi_line = text.substr(at, 3) == triple;
    at += multi_line ? 3 : 1;
    while (at < text.size()) {
        if (escapes && text[at] == '\\') {
            at += 2;
        } else if (multi_line && text.substr(at, 3) == triple) {
            // Up to two quotes may stand right before the closing three.
            return std::min(text.find_first_not_of(quote, at), at + 5);
        } else if (!multi_line && (text[at] == quote || text[at] == '\n')) {
            return at + 1;
        } else {
            ++at;
        }
    }
    return text.size();
}

}  // namespace

std::optional<std::size_t> find_excessive_nesting(std::string_view text) {
    std::size_t brackets = 0;
    std::size_t key_parts = 1;
    std::size_t at = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"' || c == '\'') {
            at = skip_string(text, at);
            continue;
        }
        if (c == '#') {
            at = std::min(text.find('\n', at), text.size());
            continue;
        }
        if (c == '.') {
            if (++key_parts > key_parts_max) return at;
        } else if (c == '=' || c == ',' || c == '\n') {
            key_parts = 1;
        } else if (c == '[' || c == '{') {
            key_parts = 1;
            if (++brackets > brackets_max) return at;
        } else if ((c == ']' || c == '}') && brackets > 0) {
            --brackets;
        }
        ++at;
    }
    return std::nullopt;
}

}  // namespace rtbridge
