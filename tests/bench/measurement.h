#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "latency_histogram.h"
#include "message_source.h"
#include "process_usage.h"
#include "session_pool.h"

namespace rtbridge::load {

// Who sends, who receives, and whose CPU time is looked at.
struct Load {
    SessionPool& pool;
    MessageSource& source;
    std::vector<pid_t> servers;
};

struct Measurement {
    std::uint64_t messages = 0, deliveries = 0;
    std::uint64_t missing = 0;  // deliveries that should have been, where losses are counted
    double seconds = 0;
    CpuTime cpu;
    LatencyHistogram latency;
    std::vector<double> burst_ms;  // from the publish to the last delivery of each burst

    [[nodiscard]] double deliveries_per_second() const {
        return static_cast<double>(deliveries) / seconds;
    }
    [[nodiscard]] double messages_per_second() const {
        return static_cast<double>(messages) / seconds;
    }
    [[nodiscard]] double cpu_us_per_delivery() const {
        return static_cast<double>(cpu.process_ns) / 1e3 / static_cast<double>(deliveries);
    }
    [[nodiscard]] double main_thread_us_per_message() const {
        return static_cast<double>(cpu.main_thread_ns) / 1e3 / static_cast<double>(messages);
    }
};

using Seconds = std::chrono::duration<double>;

// Each ends when every session has every message, and throws std::runtime_error when one arrives
// twice, or when one is missing and the pool does not count losses; then it ends there.

// One message at a time, `rate` per second.
[[nodiscard]] Measurement measure_paced(const Load& load, double rate, Seconds duration);

// `size` messages at once, again and again with a pause between.
[[nodiscard]] Measurement measure_bursts(const Load& load, std::uint32_t size, Seconds duration);

// As fast as the slowest session keeps up: at most `window` messages are on their way to it.
[[nodiscard]] Measurement measure_saturated(const Load& load, std::uint32_t window,
                                            Seconds duration);

}  // namespace rtbridge::load
