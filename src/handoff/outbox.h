#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/thread_role.h"
#include "handoff/metrics.h"

namespace rtbridge {

struct LogLine {
    LogLevel level = LogLevel::Info;
    std::string text;
};

// The only way from a listener thread back to the broker thread, drained by the broker's tick.
// Bounded: further lines are dropped and counted as the limit "log_lines".
class Outbox final : public LogSink {
public:
    static constexpr std::size_t log_lines_max = 1024;

    explicit Outbox(Metrics& metrics) : metrics_(metrics) {}

    // Thread: any (libwebsockets shares its log function between threads of the process).
    void write(LogLevel level, std::string_view line) override;

    [[nodiscard]] std::vector<LogLine> drain() ON_BROKER_THREAD;

private:
    Metrics& metrics_;
    std::mutex mutex_;
    std::vector<LogLine> lines_;    // guarded by mutex_
    std::atomic<bool> any_{false};  // spares the broker's tick the lock
};

}  // namespace rtbridge
