#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "report.h"
#include "session_pool.h"

namespace rtbridge::load {

// A broker of a race.
struct Contender {
    std::string label, mqtt;  // address
    pid_t pid = 0;
    std::string topic;  // where to publish
};

struct Options {
    std::string url, idle_url;                 // what active and idle sessions open
    Wire wire = Wire::Plain;                   // what they speak
    std::string idle_filter = "nobody/topic";  // of idle sessions, for wires that subscribe
    std::string mqtt;                          // address of the broker to publish to
    std::string peer_mqtt;                     // and of one without the plugin
    std::string topic = "battery/topic";
    std::vector<pid_t> pids;  // the broker, and the bridge if there is one
    pid_t peer_pid = 0;
    Losses losses = Losses::Throw;
    std::uint32_t sessions = 1000, idle = 0, active = 10, stalled = 0, burst = 0, window = 0;
    std::uint32_t rounds = 15;
    int qos = 0;
    double rate = 50, seconds = 10;
    bool bare = false;
    std::vector<Contender> contenders;
    std::vector<std::tuple<std::string, std::string, std::string>> ratios;  // label, label, goal
};

// Each runs what its name says and throws std::runtime_error if it does not work: a refused
// session, a missing delivery (unless losses are counted). Figures never make it fail.

[[nodiscard]] Report run_live(const Options& options);
[[nodiscard]] Report run_burst(const Options& options);
[[nodiscard]] Report run_saturation(const Options& options);
[[nodiscard]] Report run_ingest(const Options& options);
[[nodiscard]] Report run_idle(const Options& options);
[[nodiscard]] Report run_stalled(const Options& options);
[[nodiscard]] Report run_throughput(const Options& options);
[[nodiscard]] Report run_bare_only(const Options& options);

}  // namespace rtbridge::load
