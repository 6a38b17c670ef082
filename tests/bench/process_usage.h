#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace rtbridge::load {

// CPU time (user and system) of another process so far. A value.
struct CpuTime {
    std::int64_t process_ns = 0;
    std::int64_t main_thread_ns = 0;  // in mosquitto: the broker thread

    CpuTime& operator+=(const CpuTime& other) {
        process_ns += other.process_ns;
        main_thread_ns += other.main_thread_ns;
        return *this;
    }
    CpuTime operator-(const CpuTime& earlier) const {
        return {process_ns - earlier.process_ns, main_thread_ns - earlier.main_thread_ns};
    }
};

// From the kernel's nanosecond clocks where it has them, otherwise /proc/PID/stat (10 ms steps).
// Throws std::runtime_error if there is no such process.
[[nodiscard]] CpuTime cpu_time_of(pid_t pid);
[[nodiscard]] CpuTime cpu_time_of(const std::vector<pid_t>& pids);  // all together

// Resident memory that is not shared with a file (heap, stacks), in KiB.
[[nodiscard]] std::int64_t resident_kib_of(pid_t pid);
[[nodiscard]] std::int64_t resident_kib_of(const std::vector<pid_t>& pids);  // all together

}  // namespace rtbridge::load
