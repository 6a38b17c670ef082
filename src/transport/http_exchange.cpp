#include "transport/http_exchange.h"

#include <array>
#include <cassert>
#include <charconv>

namespace rtbridge {

void append_chunk(std::string& out, std::string_view bytes) {
    assert(!bytes.empty());
    std::array<char, 2 * sizeof(std::size_t)> length{};
    const auto end =
        std::to_chars(length.data(), length.data() + length.size(), bytes.size(), 16).ptr;
    out.append(length.data(), end);
    out += "\r\n";
    out += bytes;
    out += "\r\n";
}

}  // namespace rtbridge
