#pragma once

#include <atomic>
#include <cstdint>

namespace rtbridge {

// A figure that one thread sets and any thread reads. Relaxed, and without the locked instruction
// that a Counter needs for its several writers.
class Gauge {
public:
    void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(std::uint64_t n = 1) noexcept { set(value() + n); }
    void subtract(std::uint64_t n) noexcept { set(value() - n); }
    [[nodiscard]] std::uint64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace rtbridge
