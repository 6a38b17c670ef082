#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace rtbridge {

// Why a subscription will never get some updates.
enum class GapReason : std::uint8_t {
    Slow,      // its browser did not read fast enough
    Overload,  // the mailbox of the listener was full
    TooLarge,  // larger than limits.queue.hard
    Count,
};

[[nodiscard]] constexpr std::string_view to_text(GapReason why) {
    switch (why) {
        case GapReason::Overload:
            return "overload";
        case GapReason::TooLarge:
            return "too_large";
        default:
            return "slow";
    }
}

// Updates that a subscription did not get and that it has not been told of yet. A value.
struct Gap {
    std::uint64_t from = 0;  // offset of the first one
    std::uint64_t to = 0;    // of the last one
    std::uint64_t n = 0;     // how many; of Overload: at most; 0 = there is no gap
    GapReason why = GapReason::Slow;

    [[nodiscard]] bool any() const noexcept { return n > 0; }
    void add(std::uint64_t first, std::uint64_t last, std::uint64_t count, GapReason reason) {
        from = any() ? std::min(from, first) : first;
        to = std::max(to, last);
        n += count;
        why = reason;
    }
};

}  // namespace rtbridge
