#include "transport/byte_range.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>

namespace rtbridge {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// A number too large for us is beyond the end of any file.
std::optional<std::uint64_t> position(std::string_view text) {
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? value : std::numeric_limits<std::uint64_t>::max();
}

bool takes_unit(std::string_view& header) {
    constexpr std::string_view unit = "bytes=";
    if (header.size() < unit.size()) return false;
    const bool same = std::equal(unit.begin(), unit.end(), header.begin(), [](char a, char b) {
        return a == std::tolower(static_cast<unsigned char>(b));
    });
    if (same) header.remove_prefix(unit.size());
    return same;
}

}  // namespace

std::variant<WholeBody, ByteRange, UnsatisfiableRange> read_range(std::string_view header,
                                                                  std::uint64_t bytes) {
    if (!takes_unit(header)) return WholeBody{};
    while (header.starts_with(' ')) header.remove_prefix(1);
    while (header.ends_with(' ')) header.remove_suffix(1);
    const std::size_t dash = header.find('-');
    if (dash == std::string_view::npos) return WholeBody{};
    const std::string_view first_text = header.substr(0, dash);
    const std::string_view last_text = header.substr(dash + 1);
    const std::optional<std::uint64_t> first = position(first_text);
    const std::optional<std::uint64_t> last = position(last_text);

    if (first_text.empty()) {  // the last so many
        if (!last) return WholeBody{};
        if (*last == 0 || bytes == 0) return UnsatisfiableRange{};
        return ByteRange{bytes - std::min(*last, bytes), bytes};
    }
    if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return WholeBody{};
    if (*first >= bytes) return UnsatisfiableRange{};
    return ByteRange{*first, last && *last < bytes ? *last + 1 : bytes};
}

}  // namespace rtbridge
