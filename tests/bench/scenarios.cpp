#include "scenarios.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include "bare_sender.h"
#include "measurement.h"
#include "mqtt_source.h"
#include "throughput.h"

namespace rtbridge::load {
namespace {

constexpr std::uint32_t bare_burst = 100;  // frames per send() of the bare limit

// More on the way would make a session's queue pass its soft limit (256 KiB), which conflates.
constexpr std::uint32_t window_default = 2000;

std::uint32_t window_of(const Options& options) {
    return options.window > 0 ? options.window : window_default;
}

template <typename... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<long>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

Endpoint active_endpoint(const Options& options) {
    return {WebSocketUrl::parse(options.url), options.wire, options.topic};
}

Endpoint idle_endpoint(const Options& options) {
    return {WebSocketUrl::parse(options.idle_url), options.wire, options.idle_filter};
}

// Sessions that are open as long as this lives, and a device that publishes to them.
struct Browsers {
    Browsers(const Options& options, std::uint32_t sessions)
        : pool(options.losses),
          source(parse_address(options.mqtt), options.topic),
          pids(options.pids) {
        pool.open(active_endpoint(options), sessions);
    }
    [[nodiscard]] Load load() { return {pool, source, pids}; }

    SessionPool pool;
    MqttSource source;
    std::vector<pid_t> pids;
};

struct Bare {
    explicit Bare(std::uint32_t sessions) : source(pool, sessions) {}
    [[nodiscard]] Load load() { return {pool, source, {source.pid()}}; }

    SessionPool pool;
    BareSender source;
};

double us(std::int64_t ns) {
    return static_cast<double>(ns) / 1e3;
}

void add_latency(Report& report, const Measurement& measured, const std::string& p99_goal = {}) {
    report.add("latency p50", us(measured.latency.percentile_ns(0.5)), "us");
    report.add("latency p90", us(measured.latency.percentile_ns(0.9)), "us");
    report.add("latency p99", us(measured.latency.percentile_ns(0.99)), "us", p99_goal);
    report.add("latency max", us(measured.latency.max_ns()), "us");
}

void add_losses(Report& report, const Browsers& browsers, const Measurement& measured) {
    if (browsers.pool.losses() == Losses::Throw) return;
    report.add("deliveries missing", static_cast<double>(measured.missing), "");
    report.add("sessions closed by the server", static_cast<double>(browsers.pool.closed()), "");
}

void read_for(SessionPool& pool, std::int64_t duration_ns) {
    const std::int64_t until = monotonic_ns() + duration_ns;
    for (std::int64_t left = duration_ns; left > 0; left = until - monotonic_ns()) pool.poll(left);
}

}  // namespace

Report run_live(const Options& options) {
    Report report{text("live: ", options.sessions, " sessions, ", options.rate, " messages/s"), {}};
    const Seconds duration(options.seconds);
    std::optional<Measurement> bare;
    if (options.bare) bare = measure_paced(Bare(options.sessions).load(), options.rate, duration);

    Browsers browsers(options, options.sessions);
    const Measurement measured = measure_paced(browsers.load(), options.rate, duration);

    const bool alone = options.sessions == 1;
    report.add("deliveries", measured.deliveries_per_second(), "/s");
    report.add("server CPU per delivery", measured.cpu_us_per_delivery(), "us");
    report.add("broker thread per message", measured.main_thread_us_per_message(), "us");
    if (bare) {
        report.add("bare send() CPU per delivery", bare->cpu_us_per_delivery(), "us");
        report.add("ratio to bare send()",
                   measured.cpu_us_per_delivery() / bare->cpu_us_per_delivery(), "x",
                   alone ? "" : "<= 1.1");
        report.add("bare send() latency p50", us(bare->latency.percentile_ns(0.5)), "us");
        report.add("bare send() latency p99", us(bare->latency.percentile_ns(0.99)), "us");
    }
    add_latency(report, measured, alone ? "<= 200" : "");
    add_losses(report, browsers, measured);
    return report;
}

Report run_burst(const Options& options) {
    Report report{text("burst: ", options.burst, " messages to ", options.sessions, " sessions"),
                  {}};
    const Seconds duration(options.seconds);
    std::optional<Measurement> bare;
    if (options.bare) {
        bare = measure_bursts(Bare(options.sessions).load(), options.burst, duration);
    }

    Browsers browsers(options, options.sessions);
    const Measurement measured = measure_bursts(browsers.load(), options.burst, duration);

    add_losses(report, browsers, measured);
    if (measured.burst_ms.empty()) return report;  // not one burst arrived whole
    const double last_ms = median(measured.burst_ms);
    report.add("last delivery, median of bursts", last_ms, "ms");
    report.add("last delivery, best burst",
               *std::min_element(measured.burst_ms.begin(), measured.burst_ms.end()), "ms");
    report.add("server CPU per delivery", measured.cpu_us_per_delivery(), "us");
    if (bare) {
        const double bare_ms = median(bare->burst_ms);
        report.add("bare limit, one send() per session", bare_ms, "ms");
        report.add("bare limit CPU per delivery", bare->cpu_us_per_delivery(), "us");
        report.add("ratio to the bare limit", last_ms / bare_ms, "x", "<= 1.5");
    }
    return report;
}

Report run_saturation(const Options& options) {
    Report report{text("saturation: ", options.sessions, " sessions"), {}};
    std::optional<Measurement> bare;
    const Seconds duration(options.seconds);
    if (options.bare) {
        bare = measure_saturated(Bare(options.sessions).load(), bare_burst, duration);
    }

    Browsers browsers(options, options.sessions);
    const Measurement measured = measure_saturated(browsers.load(), window_of(options), duration);

    report.add("deliveries", measured.deliveries_per_second(), "/s", ">= 2'000'000");
    report.add("messages", measured.messages_per_second(), "/s");
    report.add("server CPU per delivery", measured.cpu_us_per_delivery(), "us");
    if (bare) {
        report.add("bare send() of 50 frames, deliveries", bare->deliveries_per_second(), "/s");
        report.add("bare send() of 50 frames, CPU per delivery", bare->cpu_us_per_delivery(), "us");
    }
    add_latency(report, measured);
    add_losses(report, browsers, measured);
    return report;
}

Report run_ingest(const Options& options) {
    Report report{"ingest: one topic as fast as possible, 1 session", {}};
    Browsers browsers(options, 1);

    const Measurement measured =
        measure_saturated(browsers.load(), window_of(options), Seconds(options.seconds));

    report.add("messages", measured.messages_per_second(), "/s");
    report.add("broker thread per message", measured.main_thread_us_per_message(), "us");
    report.add("server CPU per message", measured.cpu_us_per_delivery(), "us");
    add_losses(report, browsers, measured);
    return report;
}

Report run_idle(const Options& options) {
    Report report{text("idle: ", options.active, " active of ", options.active + options.idle,
                       " sessions, ", options.rate, " messages/s"),
                  {}};
    const Seconds duration(options.seconds);
    Browsers browsers(options, options.active);
    const Measurement alone = measure_paced(browsers.load(), options.rate, duration);

    const std::int64_t kib_before = resident_kib_of(options.pids);
    browsers.pool.open(idle_endpoint(options), options.idle, Role::Idle);
    const std::int64_t kib_after = resident_kib_of(options.pids);
    const CpuTime quiet_before = cpu_time_of(options.pids);
    const double quiet_seconds = std::min(options.seconds, 1.0);
    read_for(browsers.pool, static_cast<std::int64_t>(quiet_seconds * 1e9));
    const CpuTime quiet = cpu_time_of(options.pids) - quiet_before;
    const Measurement crowded = measure_paced(browsers.load(), options.rate, duration);

    report.add("memory per idle session",
               static_cast<double>(kib_after - kib_before) / options.idle, "KiB", "<= 2.5");
    report.add("CPU with all sessions idle", us(quiet.process_ns) / 1e3 / quiet_seconds, "ms/s");
    report.add("server CPU per delivery, active ones alone", alone.cpu_us_per_delivery(), "us");
    report.add("server CPU per delivery, among idle ones", crowded.cpu_us_per_delivery(), "us");
    report.add("ratio", crowded.cpu_us_per_delivery() / alone.cpu_us_per_delivery(), "x",
               "about 1");
    add_latency(report, crowded);
    add_losses(report, browsers, crowded);
    return report;
}

Report run_stalled(const Options& options) {
    Report report{text("stalled: ", options.stalled, " of ", options.sessions + options.stalled,
                       " sessions, ", options.rate, " messages/s"),
                  {}};
    const Seconds duration(options.seconds);
    const auto run = [&](Report& losses) {
        Browsers browsers(options, options.sessions);
        Measurement measured = measure_paced(browsers.load(), options.rate, duration);
        add_losses(losses, browsers, measured);
        return measured;
    };
    Report unused;
    const Measurement without = run(unused);

    const std::int64_t kib_before = resident_kib_of(options.pids);
    SessionPool stalled(Losses::Count);
    stalled.open(active_endpoint(options), options.stalled, Role::Stalled);
    // As much as the kernel's buffers of both ends and the session's queue take, before those that
    // keep up are there.
    std::string large = battery_payload(monotonic_ns());
    large.insert(large.size() - 2, 8192, 'x');
    MqttSource filler(parse_address(options.mqtt), options.topic, "filler");
    for (int i = 0; i < 100; ++i) {
        filler.publish(10, large);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const Measurement with = run(report);
    const std::int64_t kib_after = resident_kib_of(options.pids);
    // Those that were cut off find the end of what they were sent.
    stalled.wake_stalled();
    const std::int64_t until = monotonic_ns() + 1'000'000'000;
    while (stalled.closed() < options.stalled && monotonic_ns() < until) {
        stalled.poll(until - monotonic_ns());
    }

    const auto p99_us = [](const Measurement& measured) {
        return us(measured.latency.percentile_ns(0.99));
    };
    report.add("latency p99 without stalled ones", p99_us(without), "us");
    report.add("latency p99 beside stalled ones", p99_us(with), "us");
    report.add("ratio", p99_us(with) / p99_us(without), "x", "<= 1.1");
    report.add("ratio of server CPU per delivery",
               with.cpu_us_per_delivery() / without.cpu_us_per_delivery(), "x");
    report.add("memory grown per stalled session",
               static_cast<double>(kib_after - kib_before) / options.stalled, "KiB");
    report.add("stalled sessions closed", static_cast<double>(stalled.closed()), "");
    return report;
}

Report run_throughput(const Options& options) {
    const bool with_session = options.sessions > 0;
    Report report{
        text("throughput: ", options.topic, ", QoS ", options.qos, ", 1 MQTT subscriber, ",
             options.sessions, with_session && options.sessions == 1 ? " session" : " sessions"),
        {}};
    const Qos qos = options.qos == 0 ? Qos::AtMostOnce : Qos::AtLeastOnce;
    BrokerPipe ours(parse_address(options.mqtt), options.pids.front(), options.topic, qos);
    BrokerPipe peer(parse_address(options.peer_mqtt), options.peer_pid, options.topic, qos);
    SessionPool browsers;
    if (with_session) browsers.open(active_endpoint(options), options.sessions);

    // In turns, so that a busy machine is equally bad for both.
    const Seconds turn(options.seconds / (2.0 * options.rounds));
    std::vector<double> speed, peer_speed, speed_ratio, thread_us, added_us, thread_ratio, cpu_us;
    for (std::uint32_t round = 0; round < options.rounds; ++round) {
        const Measurement bare = peer.run(turn, nullptr);
        const Measurement measured = ours.run(turn, with_session ? &browsers : nullptr);
        const double us = measured.main_thread_us_per_message();
        const double bare_us = bare.main_thread_us_per_message();
        speed.push_back(measured.messages_per_second());
        peer_speed.push_back(bare.messages_per_second());
        speed_ratio.push_back(speed.back() / peer_speed.back());
        thread_us.push_back(us);
        added_us.push_back(us - bare_us);
        thread_ratio.push_back(bare_us / us);
        cpu_us.push_back(measured.cpu_us_per_delivery());
    }

    const bool matched = options.topic.starts_with("battery/");
    const std::string goal = matched ? ">= 0.9" : ">= 0.98";
    report.add("messages", median(speed), "/s");
    report.add("bare broker, messages", median(peer_speed), "/s");
    report.add("ratio of throughput", median(speed_ratio), "x", goal);
    report.add("broker thread per message", median(thread_us), "us");
    report.add("more than the bare broker's thread", median(added_us), "us",
               matched ? "<= 1.5" : "");
    report.add("messages per CPU time, ratio to bare broker", median(thread_ratio), "x", goal);
    report.add("server CPU per message, all threads", median(cpu_us), "us");
    return report;
}

Report run_bare_only(const Options& options) {
    Report report{text("bare send(): ", options.sessions, " connections"), {}};
    Bare bare(options.sessions);
    const Seconds duration(options.seconds / 2);

    const Measurement paced = measure_paced(bare.load(), options.rate, duration);
    const Measurement bursts = measure_bursts(bare.load(), bare_burst, duration);

    report.add("CPU per delivery, 1 frame per send()", paced.cpu_us_per_delivery(), "us");
    report.add("CPU per delivery, 100 frames per send()", bursts.cpu_us_per_delivery(), "us");
    report.add("burst of 100, last delivery", median(bursts.burst_ms), "ms");
    add_latency(report, paced);
    return report;
}

}  // namespace rtbridge::load
