#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace rtbridge {

// How often something may happen: `per_second` in the long run, twice that at once.
// One owner; a value. The rate comes with each call, so that a reload applies to it.
class TokenBucket {
public:
    explicit TokenBucket(SteadyTime now) : last_(now) {}

    // False: too often.
    [[nodiscard]] bool take(std::uint32_t per_second, SteadyTime now) {
        const double burst = 2.0 * per_second;
        const std::chrono::duration<double> passed = now - last_;
        used_ = std::clamp(used_ - passed.count() * per_second, 0.0, burst);
        last_ = now;
        if (used_ + 1 > burst) return false;
        used_ += 1;
        return true;
    }

private:
    SteadyTime last_;
    double used_ = 0;  // tokens taken and not come back yet
};

}  // namespace rtbridge
