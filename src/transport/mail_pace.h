#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace rtbridge {

// How long a listener may rest before it opens its mailbox again. Waking a thread costs the broker
// thread more than all else that happens to an update, so a listener that gets its mail densely
// does not go to sleep between two updates: it looks by itself, every so often, and what came
// meanwhile leaves together. An update that comes after a pause always wakes it and waits for
// nothing.
//
// Thread: belongs to one.
class MailPace {
public:
    // Dense: at least one update in this time on average.
    static constexpr std::chrono::microseconds dense_gap{100};
    // How long an update may wait while they come densely.
    static constexpr std::chrono::microseconds rest_max{300};

    // REQUIRES: called whenever the mailbox was opened, and while dense() in every turn.
    void opened(std::size_t updates, SteadyTime now) noexcept {
        dense_ = updates > 0 && (now - opened_at_) / dense_gap <= static_cast<long>(updates);
        opened_at_ = now;
    }
    // False: sleep until the broker wakes you.
    [[nodiscard]] bool dense() const noexcept { return dense_; }
    // What is left of rest_max since the mailbox was opened: work counts as rest.
    [[nodiscard]] std::chrono::nanoseconds rest(SteadyTime now) const noexcept {
        return std::max<std::chrono::nanoseconds>(opened_at_ + rest_max - now,
                                                  std::chrono::nanoseconds::zero());
    }

private:
    SteadyTime opened_at_;
    bool dense_ = false;
};

}  // namespace rtbridge
