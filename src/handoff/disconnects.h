#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/counter.h"

namespace rtbridge {

// How WebSockets and event streams ended, by close code. Bounded: a browser may make up a code, and
// all of those are counted as one.
class Disconnects {
public:
    static constexpr std::uint16_t other = 0;  // any that is not in `codes`
    // RFC 6455, 7.4.1, and ours.
    static constexpr std::array<std::uint16_t, 28> codes = {
        1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 4001,
        4002, 4003, 4004, 4007, 4100, 4101, 4102, 4103, 4200, 4201, 4202, 4203, 4204, other};
    static constexpr std::uint16_t no_code = 1005;   // a close frame without one
    static constexpr std::uint16_t no_close = 1006;  // the connection was lost

    void count(std::uint16_t code) noexcept {
        const auto* const known = std::find(codes.begin(), codes.end(), code);
        const auto index = static_cast<std::size_t>(known - codes.begin());
        counts_[std::min(index, codes.size() - 1)].add();
    }
    // By position in `codes`.
    [[nodiscard]] std::uint64_t value(std::size_t index) const { return counts_.at(index).value(); }

private:
    static_assert(codes.back() == other);
    std::array<Counter, codes.size()> counts_;
};

}  // namespace rtbridge
