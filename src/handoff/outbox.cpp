#include "handoff/outbox.h"

#include <utility>

namespace rtbridge {

void Outbox::write(LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= log_lines_max) {
        metrics_.hit(Limit::LogLines);
        return;
    }
    lines_.push_back({level, std::string(line)});
    any_.store(true, std::memory_order_release);
}

std::vector<LogLine> Outbox::drain() {
    if (!any_.load(std::memory_order_acquire)) return {};
    const std::lock_guard lock(mutex_);
    any_.store(false, std::memory_order_relaxed);
    return std::exchange(lines_, {});
}

}  // namespace rtbridge
