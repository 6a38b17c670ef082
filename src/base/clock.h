#pragma once

#include <chrono>
#include <cstdint>

namespace rtbridge {

using SteadyTime = std::chrono::steady_clock::time_point;

// Time comes in from outside, so that tests own it. Thread: any.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual SteadyTime now() const = 0;
    [[nodiscard]] virtual std::int64_t unix_ms() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] SteadyTime now() const override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] std::int64_t unix_ms() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }
};

}  // namespace rtbridge
