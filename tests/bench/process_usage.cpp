#include "process_usage.h"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace rtbridge::load {
namespace {

std::string proc(pid_t pid) {
    return "/proc/" + std::to_string(pid);
}

// utime + stime, fields 14 and 15; the name in field 2 may hold spaces, so count behind its ')'.
std::int64_t stat_ns(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) throw std::runtime_error("cannot read " + path);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    std::int64_t user = 0, system = 0;
    fields >> user >> system;
    return (user + system) * (1'000'000'000LL / sysconf(_SC_CLK_TCK));
}

std::int64_t process_ns(pid_t pid) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0) {
        return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
    }
    return stat_ns(proc(pid) + "/stat");
}

std::int64_t main_thread_ns(pid_t pid) {
    const std::string task = proc(pid) + "/task/" + std::to_string(pid);
    std::ifstream schedstat(task + "/schedstat");
    std::int64_t on_cpu_ns = 0;
    if (schedstat >> on_cpu_ns && on_cpu_ns > 0) return on_cpu_ns;
    return stat_ns(task + "/stat");
}

}  // namespace

CpuTime cpu_time_of(pid_t pid) {
    return {process_ns(pid), main_thread_ns(pid)};
}

CpuTime cpu_time_of(const std::vector<pid_t>& pids) {
    CpuTime sum;
    for (const pid_t pid : pids) sum += cpu_time_of(pid);
    return sum;
}

std::int64_t resident_kib_of(const std::vector<pid_t>& pids) {
    std::int64_t sum = 0;
    for (const pid_t pid : pids) sum += resident_kib_of(pid);
    return sum;
}

std::int64_t resident_kib_of(pid_t pid) {
    std::ifstream status(proc(pid) + "/status");
    std::string word;
    while (status >> word) {
        std::int64_t kib = 0;
        if (word == "RssAnon:" && status >> kib) return kib;
    }
    throw std::runtime_error("cannot read the memory of process " + std::to_string(pid));
}

}  // namespace rtbridge::load
