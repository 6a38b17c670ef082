#include "transport/sse_place.h"

#include <charconv>

namespace rtbridge {

std::string sse_place(std::string_view epoch, std::uint64_t offset) {
    return std::string(epoch) + '-' + std::to_string(offset);
}

std::optional<ResumePoint> read_sse_place(std::string_view text) {
    const std::size_t dash = text.rfind('-');
    if (dash == std::string_view::npos || dash == 0) return std::nullopt;
    const std::string_view digits = text.substr(dash + 1);
    std::uint64_t offset = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), offset);
    if (error != std::errc() || stop != digits.data() + digits.size()) return std::nullopt;
    return ResumePoint{std::string(text.substr(0, dash)), offset};
}

}  // namespace rtbridge
