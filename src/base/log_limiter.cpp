#include "base/log_limiter.h"

namespace rtbridge {

void LogLimiter::write(LogLevel level, std::string_view line, SteadyTime now) {
    sweep(now);
    const auto [it, is_new] = written_.try_emplace(std::string(line), Written{level, now + period});
    if (!is_new) {
        ++it->second.suppressed;
    } else if (written_.size() > lines_max) {
        written_.erase(it);
        ++others_;
    } else {
        sink_.write(level, line);
    }
}

// Lines end their period together at most once a second: a flood must not make each write a walk.
void LogLimiter::sweep(SteadyTime now) {
    if (now < next_sweep_) return;
    next_sweep_ = now + std::chrono::seconds(1);
    for (auto it = written_.begin(); it != written_.end();) {
        if (now < it->second.until) {
            ++it;
            continue;
        }
        tell(it->first, it->second);
        it = written_.erase(it);
    }
    if (others_ > 0 && written_.size() < lines_max) {
        sink_.write(LogLevel::Notice,
                    "rtbridge: and " + std::to_string(others_) + " other lines like these");
        others_ = 0;
    }
}

void LogLimiter::tell(const std::string& line, const Written& written) {
    if (written.suppressed == 0) return;
    sink_.write(written.level, line + " (and " + std::to_string(written.suppressed) + " more)");
}

}  // namespace rtbridge
