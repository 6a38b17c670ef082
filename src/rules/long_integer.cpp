#include "rules/long_integer.h"

#include <charconv>
#include <cstdint>

namespace rtbridge {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Takes digits off the front; how many.
std::size_t skip_digits(std::string_view& text) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    text.remove_prefix(digits);
    return digits;
}

// RFC 8259, 6.
bool is_json_number(std::string_view token) {
    if (token.starts_with('-')) token.remove_prefix(1);
    const bool leading_zero = token.starts_with('0');
    const std::size_t integer_digits = skip_digits(token);
    if (integer_digits == 0 || (leading_zero && integer_digits > 1)) return false;
    if (token.starts_with('.')) {
        token.remove_prefix(1);
        if (skip_digits(token) == 0) return false;
    }
    if (token.starts_with('e') || token.starts_with('E')) {
        token.remove_prefix(1);
        if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
        if (skip_digits(token) == 0) return false;
    }
    return token.empty();
}

template <typename Integer>
bool fits(std::string_view token) {
    Integer value = 0;
    return std::from_chars(token.data(), token.data() + token.size(), value).ec == std::errc();
}

}  // namespace

bool is_long_integer(std::string_view token) noexcept {
    if (token.size() < 19 || token.find_first_not_of("-0123456789") != std::string_view::npos) {
        return false;
    }
    return !fits<std::int64_t>(token) && !(is_digit(token.front()) && fits<std::uint64_t>(token));
}

NumberScan shorten_long_integers(std::span<char> text) {
    NumberScan scan;
    const std::string_view view(text.data(), text.size());
    for (std::size_t i = 0; i < view.size();) {
        if (view[i] == '"') {
            for (++i; i < view.size() && view[i] != '"'; ++i) {
                if (view[i] == '\\') ++i;
            }
            ++i;
            continue;
        }
        if (view[i] != '-' && !is_digit(view[i])) {
            ++i;
            continue;
        }
        const std::size_t end = std::min(view.find_first_not_of("+-.0123456789eE", i), view.size());
        const std::string_view token = view.substr(i, end - i);
        if (!is_json_number(token)) {
            scan.malformed = true;
        } else if (is_long_integer(token)) {
            text[end - 2] = 'e';
            text[end - 1] = '2';
            ++scan.shortened;
        }
        i = end;
    }
    return scan;
}

}  // namespace rtbridge
