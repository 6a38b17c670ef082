#include "throughput.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "battery_payload.h"

namespace rtbridge::load {
namespace {

constexpr std::uint32_t chunk = 100;    // messages per system call
constexpr std::uint64_t window = 2000;  // messages on their way: the broker always has work waiting
constexpr std::int64_t patience_ns = 3'000'000'000;
constexpr int wait_ms = 1;

}  // namespace

BrokerPipe::BrokerPipe(const sockaddr_in& broker, pid_t pid, std::string topic, Qos qos)
    : pid_(pid),
      topic_(std::move(topic)),
      qos_(qos),
      publisher_(broker, "rtbridge-load-publisher-" + std::to_string(getpid())),
      subscriber_(broker, "rtbridge-load-subscriber-" + std::to_string(getpid())) {
    subscriber_.subscribe(topic_, qos_);
}

void BrokerPipe::wait_and_receive() {
    std::array<pollfd, 2> ends{
        pollfd{.fd = publisher_.descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = subscriber_.descriptor(), .events = POLLIN, .revents = 0}};
    if (poll(ends.data(), ends.size(), wait_ms) <= 0) return;
    if (ends[0].revents != 0) publisher_.receive();
    if (ends[1].revents != 0) subscriber_.receive();
}

Measurement BrokerPipe::run(Seconds duration, SessionPool* browsers) {
    Measurement result;
    if (browsers != nullptr) {
        browsers->reset();
        browsers->sample_every(61);
    }
    const std::uint64_t received_before = subscriber_.received();
    const std::uint64_t acknowledged_before = publisher_.acknowledged();
    // Of those that must have every message, the one that has the fewest.
    const auto slowest = [&] {
        std::uint64_t least = subscriber_.received() - received_before;
        if (qos_ == Qos::AtLeastOnce) {
            least = std::min(least, publisher_.acknowledged() - acknowledged_before);
        }
        if (browsers != nullptr) least = std::min(least, browsers->delivered_to_slowest());
        return least;
    };

    const std::string payload = battery_payload(monotonic_ns());
    std::string packets;
    const CpuTime cpu_before = cpu_time_of(pid_);
    const std::int64_t begin = monotonic_ns();
    const std::int64_t end = begin + static_cast<std::int64_t>(duration.count() * 1e9);
    std::int64_t last_progress = begin;
    std::uint64_t done = 0;
    for (std::int64_t now = begin; now < end || done < result.messages; now = monotonic_ns()) {
        while (now < end && result.messages + chunk <= done + window) {
            packets.clear();
            for (std::uint32_t i = 0; i < chunk; ++i) {
                publisher_.append_publish(packets, topic_, payload, qos_);
            }
            publisher_.send(packets);
            result.messages += chunk;
        }
        wait_and_receive();
        if (browsers != nullptr) browsers->poll(0);
        const std::uint64_t done_now = slowest();
        if (done_now != done) last_progress = now;
        done = done_now;
        if (now - last_progress > patience_ns) {
            throw std::runtime_error(std::to_string(result.messages - done) + " of " +
                                     std::to_string(result.messages) + " messages are missing");
        }
    }
    result.seconds = static_cast<double>(monotonic_ns() - begin) / 1e9;
    result.cpu = cpu_time_of(pid_) - cpu_before;
    result.deliveries = result.messages;
    return result;
}

}  // namespace rtbridge::load
