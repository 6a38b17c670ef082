#pragma once

#include "base/clock.h"

namespace rtbridge {

// Time that stands still until the test moves it.
class FakeClock final : public Clock {
public:
    [[nodiscard]] SteadyTime now() const override { return now_; }
    [[nodiscard]] std::int64_t unix_ms() const override {
        return 1'700'000'000'000 +
               std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch())
                   .count();
    }
    void advance(std::chrono::milliseconds by) { now_ += by; }

private:
    SteadyTime now_{std::chrono::hours(1)};
};

}  // namespace rtbridge
