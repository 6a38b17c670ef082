#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace rtbridge {

struct ByteRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  // behind the last byte
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// The header has no meaning here, or asks for several parts: the whole is sent (RFC 9110, 14.2).
struct WholeBody {};
// 416
struct UnsatisfiableRange {};

// What a Range header asks for of `bytes` bytes: "bytes=0-499", "bytes=500-", "bytes=-500".
// Thread: any, pure.
[[nodiscard]] std::variant<WholeBody, ByteRange, UnsatisfiableRange> read_range(
    std::string_view header, std::uint64_t bytes);

}  // namespace rtbridge
