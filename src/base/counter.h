#pragma once

#include <atomic>
#include <cstdint>

namespace rtbridge {

// A monotonic count that one thread raises and any thread reads. Relaxed: a figure for status
// pages, never a signal between threads.
class Counter {
public:
    void add(std::uint64_t n = 1) noexcept { count_.fetch_add(n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> count_{0};
};

}  // namespace rtbridge
