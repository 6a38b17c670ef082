#include "base/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

namespace rtbridge {

ProcessFigures process_figures() {
    ProcessFigures figures;
    timespec cpu{};
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
        figures.cpu = std::chrono::seconds(cpu.tv_sec) + std::chrono::nanoseconds(cpu.tv_nsec);
    }
    // proc(5): pages of all memory, then of what is resident
    std::ifstream statm("/proc/self/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident_pages = 0;
    if (statm >> pages >> resident_pages) {
        figures.resident_bytes = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    }
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) figures.descriptors_max = files.rlim_cur;
    return figures;
}

}  // namespace rtbridge
