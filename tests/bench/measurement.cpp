#include "measurement.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "battery_payload.h"

namespace rtbridge::load {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t patience_ns = 3 * second_ns;  // nothing arrived for so long: it is lost
constexpr std::int64_t wait_ns = 100'000'000;
constexpr std::int64_t registration_ns = 100'000'000;
constexpr std::int64_t burst_pause_ns = 20'000'000;

std::int64_t to_ns(Seconds duration) {
    return static_cast<std::int64_t>(duration.count() * 1e9);
}

// Reads until `due`, whatever arrives.
void read_until(SessionPool& pool, std::int64_t due) {
    for (std::int64_t left = due - monotonic_ns(); left > 0; left = due - monotonic_ns()) {
        pool.poll(left);
    }
}

// False: something is missing.
bool await_all(SessionPool& pool, std::uint64_t messages) {
    std::uint64_t before = pool.delivered();
    std::int64_t last_progress = monotonic_ns();
    while (pool.delivered() < pool.due(messages)) {
        // Counted from the last delivery: pings go on arriving while messages are lost.
        pool.poll(wait_ns);
        if (pool.delivered() != before) {
            before = pool.delivered();
            last_progress = monotonic_ns();
        } else if (monotonic_ns() - last_progress >= patience_ns) {
            if (pool.losses() == Losses::Count) return false;
            throw std::runtime_error(std::to_string(pool.missing(messages)) +
                                     " deliveries are missing");
        }
    }
    if (pool.delivered() > pool.due(messages) || pool.delivered_to_slowest() != messages) {
        throw std::runtime_error("some sessions received a message twice, others not at all");
    }
    return pool.missing(messages) == 0;
}

// Fills caches and socket buffers on both sides before anything is counted.
void warm_up(const Load& load) {
    constexpr std::uint32_t messages = 20;
    // Bridges answer the handshake first and note the browser afterwards.
    if (load.pool.losses() == Losses::Count) {
        read_until(load.pool, monotonic_ns() + registration_ns);
    }
    load.pool.reset();
    for (std::uint32_t i = 1; i <= messages; ++i) {
        load.source.publish(1);
        if (!await_all(load.pool, i)) throw std::runtime_error("lost while nothing else was sent");
    }
    load.pool.reset();
}

// Everything that is taken before and after, around what `publish_all` does; it returns how many
// messages it published.
template <typename PublishAll>
Measurement measure(const Load& load, PublishAll publish_all) {
    warm_up(load);
    Measurement result;
    const CpuTime cpu_before = cpu_time_of(load.servers);
    const std::int64_t begin = monotonic_ns();
    result.messages = publish_all(result, begin);
    if (!await_all(load.pool, result.messages)) result.missing = load.pool.missing(result.messages);
    result.seconds = static_cast<double>(load.pool.last_delivery_ns() - begin) / 1e9;
    result.cpu = cpu_time_of(load.servers) - cpu_before;
    result.deliveries = load.pool.delivered();
    result.latency = load.pool.latency();
    return result;
}

}  // namespace

Measurement measure_paced(const Load& load, double rate, Seconds duration) {
    load.pool.sample_every(1);
    return measure(load, [&](Measurement&, std::int64_t begin) {
        const auto messages =
            std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rate * duration.count()));
        for (std::uint64_t i = 0; i < messages; ++i) {
            read_until(load.pool,
                       begin + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / rate));
            load.source.publish(1);
        }
        return messages;
    });
}

Measurement measure_bursts(const Load& load, std::uint32_t size, Seconds duration) {
    load.pool.sample_every(16);
    return measure(load, [&](Measurement& result, std::int64_t begin) {
        std::uint64_t messages = 0;
        while (messages == 0 || monotonic_ns() < begin + to_ns(duration)) {
            const std::int64_t sent = monotonic_ns();
            load.source.publish(size);
            messages += size;
            if (!await_all(load.pool, messages)) break;
            result.burst_ms.push_back(static_cast<double>(load.pool.last_delivery_ns() - sent) /
                                      1e6);
            read_until(load.pool, monotonic_ns() + burst_pause_ns);
        }
        return messages;
    });
}

Measurement measure_saturated(const Load& load, std::uint32_t window, Seconds duration) {
    const std::uint32_t chunk = std::min(50U, window);
    load.pool.sample_every(61);  // prime, so that it does not keep meeting the same sessions
    return measure(load, [&](Measurement&, std::int64_t begin) {
        std::uint64_t messages = 0;
        std::int64_t last_published = begin;
        for (std::int64_t now = begin; now < begin + to_ns(duration); now = monotonic_ns()) {
            while (messages + chunk <= load.pool.delivered_to_slowest() + window) {
                load.source.publish(chunk);
                messages += chunk;
                last_published = now;
            }
            load.pool.poll(wait_ns);
            if (now - last_published >= patience_ns) break;  // await_all() says what is missing
        }
        return messages;
    });
}

}  // namespace rtbridge::load
