#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/log.h"

namespace rtbridge {

// Log lines that anybody outside can cause: the same line is written once per period, and then how
// often it came again. Bounded: of the different lines beyond a number only their count is written.
//
// Thread: one owner, whichever it is; `sink` outlives the limiter.
class LogLimiter {
public:
    static constexpr std::chrono::seconds period{10};
    static constexpr std::size_t lines_max = 256;  // different ones within a period

    explicit LogLimiter(LogSink& sink) : sink_(sink) {}

    void write(LogLevel level, std::string_view line, SteadyTime now);
    // Once a second or so: writes "... and 3 more" for lines whose period is over.
    void sweep(SteadyTime now);

private:
    struct Written {
        LogLevel level;
        SteadyTime until;  // the same line is only counted
        std::uint64_t suppressed = 0;
    };
    void tell(const std::string& line, const Written& written);

    LogSink& sink_;
    std::unordered_map<std::string, Written> written_;
    std::uint64_t others_ = 0;  // different lines that found no room
    SteadyTime next_sweep_{};
};

}  // namespace rtbridge
