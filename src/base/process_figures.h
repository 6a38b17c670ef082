#pragma once

#include <chrono>
#include <cstdint>

namespace rtbridge {

// What the system tells of this process, which is the broker with everything in it. Zero where it
// doesn't tell. A value.
struct ProcessFigures {
    std::chrono::nanoseconds cpu{0};    // of all threads, user and system
    std::uint64_t resident_bytes = 0;   // memory
    std::uint64_t descriptors_max = 0;  // soft limit of open files
};
[[nodiscard]] ProcessFigures process_figures();

}  // namespace rtbridge
