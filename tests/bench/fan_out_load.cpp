// Measures a broker with rtbridge, or what else brings publishes to browsers, from outside: opens
// browser sessions, publishes as a device does, counts every delivery, and takes the CPU time and
// memory of the server's processes. One call is one scenario; run.sh calls it for all of them,
// compare/run.sh for rtbridge and its peers.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <tuple>
#include <vector>

#include "broker_race.h"
#include "scenarios.h"
#include "session_pool.h"

namespace rtbridge::load {
namespace {

void raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int argc, char** argv) {
    Options options;
    bool ingest = false, throughput = false, json = false, lossy = false;
    std::string wire = "plain";
    CLI::App app(
        "Load generator for rtbridge: one scenario per call. By default --sessions browsers "
        "receive --rate messages a second, one at a time.");
    app.add_option("--url", options.url, "ws://ADDRESS:PORT/ws?... of active sessions");
    app.add_option("--idle-url", options.idle_url, "of idle sessions, selecting nothing published");
    app.add_option("--wire", wire, "what sessions speak: plain, rtbridge.v1, socket.io or mqtt")
        ->capture_default_str()
        ->check([](const std::string& name) {
            return parse_wire(name) ? std::string() : "no such wire: " + name;
        });
    app.add_option("--idle-filter", options.idle_filter,
                   "what idle sessions subscribe to, with --wire rtbridge.v1 and mqtt")
        ->capture_default_str();
    app.add_option("--mqtt", options.mqtt, "ADDRESS:PORT of the broker to publish to");
    app.add_option("--pid", options.pids,
                   "its process; several: all that take part, the broker first");
    app.add_option("--peer-mqtt", options.peer_mqtt, "ADDRESS:PORT of a broker without the plugin");
    app.add_option("--peer-pid", options.peer_pid, "its process");
    app.add_option("--topic", options.topic, "where to publish")->capture_default_str();
    app.add_option("--sessions", options.sessions, "browsers")->capture_default_str();
    app.add_option("--rate", options.rate,
                   "messages per second; 0: as the slowest session keeps up")
        ->capture_default_str();
    app.add_option("--seconds", options.seconds, "of each measurement")->capture_default_str();
    app.add_option("--burst", options.burst, "messages at once");
    app.add_option("--idle", options.idle, "further sessions that receive nothing");
    app.add_option("--active", options.active, "browsers beside them")->capture_default_str();
    app.add_option("--stalled", options.stalled, "further sessions that never read");
    app.add_option("--window", options.window, "messages on their way at most, with --rate 0");
    app.add_option("--qos", options.qos, "of --throughput")->check(CLI::Range(0, 1));
    app.add_option("--rounds", options.rounds, "of --throughput, taken in turns with the peer")
        ->check(CLI::Range(1, 1000));
    std::vector<std::tuple<std::string, std::string, pid_t, std::string>> contenders;
    app.add_option("--broker", contenders,
                   "LABEL ADDRESS:PORT PID TOPIC, several: pipelined publishes to one MQTT "
                   "subscriber, in turns")
        ->take_all();
    app.add_option("--ratio", options.ratios, "LABEL LABEL GOAL: of two of these brokers");
    app.add_flag("--ingest", ingest, "one topic as fast as possible, one session");
    app.add_flag("--throughput", throughput,
                 "pipelined publishes to one MQTT subscriber, and the peer's");
    app.add_flag("--bare", options.bare,
                 "measure bare send() in the same run; without --url: nothing else");
    app.add_flag("--lossy", lossy,
                 "report missing deliveries and sessions that the server closes, do not fail");
    app.add_flag("--json", json, "print one line of JSON");
    CLI11_PARSE(app, argc, argv);
    options.wire = parse_wire(wire).value_or(Wire::Plain);
    options.losses = lossy ? Losses::Count : Losses::Throw;

    for (const auto& [label, mqtt, pid, topic] : contenders) {
        options.contenders.push_back({label, mqtt, pid, topic});
    }
    const bool race = !options.contenders.empty();
    const bool bare_only = options.bare && options.url.empty();
    if (!race && !bare_only && (options.mqtt.empty() || options.pids.empty())) {
        throw std::runtime_error("--mqtt and --pid say which broker to measure");
    }
    if (throughput && (options.peer_mqtt.empty() || options.peer_pid <= 0)) {
        throw std::runtime_error("--throughput needs --peer-mqtt and --peer-pid");
    }
    const bool opens_sessions = !race && !bare_only && !(throughput && options.sessions == 0);
    if (opens_sessions && options.url.empty()) throw std::runtime_error("--url is missing");
    if (options.idle_url.empty() && options.idle > 0) {
        options.idle_url =
            "ws://" + WebSocketUrl::parse(options.url).authority + "/ws?userId=nobody&snapshot=0";
    }

    const Report report = race                  ? run_race(options)
                          : bare_only           ? run_bare_only(options)
                          : throughput          ? run_throughput(options)
                          : ingest              ? run_ingest(options)
                          : options.stalled > 0 ? run_stalled(options)
                          : options.idle > 0    ? run_idle(options)
                          : options.burst > 0   ? run_burst(options)
                          : options.rate <= 0   ? run_saturation(options)
                                                : run_live(options);
    json ? print_json(std::cout, report) : print_table(std::cout, report);
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace rtbridge::load

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    rtbridge::load::raise_file_limit();
    try {
        return rtbridge::load::run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "fan_out_load: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
