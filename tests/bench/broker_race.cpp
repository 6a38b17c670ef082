#include "broker_race.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "tcp.h"
#include "throughput.h"

namespace rtbridge::load {
namespace {

struct Runner {
    const Contender& contender;
    std::unique_ptr<BrokerPipe> pipe;
    std::vector<double> speed, speed_ratio, thread_us;
};

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

const Runner& named(const std::vector<Runner>& runners, const std::string& label) {
    for (const Runner& runner : runners) {
        if (runner.contender.label == label) return runner;
    }
    throw std::runtime_error("--ratio: no --broker is called " + label);
}

// Of figures that were taken in the same round.
double median_ratio(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
    return median(std::move(ratios));
}

}  // namespace

Report run_race(const Options& options) {
    const Qos qos = options.qos == 0 ? Qos::AtMostOnce : Qos::AtLeastOnce;
    std::vector<Runner> runners;
    for (const Contender& each : options.contenders) {
        runners.push_back(
            {each,
             std::make_unique<BrokerPipe>(parse_address(each.mqtt), each.pid, each.topic, qos),
             {},
             {},
             {}});
    }
    const Seconds turn(options.seconds / static_cast<double>(runners.size() * options.rounds));
    for (std::uint32_t round = 0; round < options.rounds; ++round) {
        for (Runner& runner : runners) {
            const Measurement measured = runner.pipe->run(turn, nullptr);
            runner.speed.push_back(measured.messages_per_second());
            runner.thread_us.push_back(measured.main_thread_us_per_message());
            runner.speed_ratio.push_back(runner.speed.back() / runners.front().speed.back());
        }
    }

    Report report{"brokers in turns, 1 MQTT subscriber, QoS " + std::to_string(options.qos), {}};
    for (const Runner& runner : runners) {
        const std::string& label = runner.contender.label;
        report.add(label + ": messages", median(runner.speed), "/s");
        report.add(label + ": of the first broker's", median(runner.speed_ratio), "x");
        report.add(label + ": broker thread per message", median(runner.thread_us), "us");
    }
    for (const auto& [label, to, goal] : options.ratios) {
        report.add(label + " / " + to + ": broker thread",
                   median_ratio(named(runners, label).thread_us, named(runners, to).thread_us), "x",
                   goal);
    }
    return report;
}

}  // namespace rtbridge::load
