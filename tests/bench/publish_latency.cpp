// How long a browser's publish takes to an MQTT subscriber: POST /api/publish on a kept connection,
// one at a time with pauses, so that the broker is idle and asleep each time. Beside it what a
// device's publish takes through the same broker. Figures never make it fail, a publish that does
// not arrive does.

#include <poll.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

#include "latency_histogram.h"
#include "mqtt_socket.h"
#include "tcp.h"

namespace rtbridge::load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view topic = "bench/publish";
constexpr int patience_ms = 5'000;

std::int64_t ns_since(Clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

void await_readable(int descriptor) {
    pollfd wanted{descriptor, POLLIN, 0};
    if (::poll(&wanted, 1, patience_ms) != 1) throw std::runtime_error("nothing came in time");
}

void await_publish(MqttSocket& subscriber) {
    const std::uint64_t wanted = subscriber.received() + 1;
    while (subscriber.received() < wanted) {
        await_readable(subscriber.descriptor());
        subscriber.receive();
    }
}

std::string post_request(const std::string& host) {
    const std::string body =
        R"({"topic":")" + std::string(topic) + R"(","payload":{"batteryPower":1200}})";
    return "POST /api/publish HTTP/1.1\r\nHost: " + host +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

void await_ok(int descriptor) {
    constexpr std::string_view end = "{\"ok\":true}";
    std::string answer;
    while (!answer.ends_with(end)) {
        await_readable(descriptor);
        char bytes[4096];
        const ssize_t count = ::recv(descriptor, bytes, sizeof(bytes), 0);
        if (count <= 0) throw std::runtime_error("the listener hung up: " + answer);
        answer.append(bytes, static_cast<std::size_t>(count));
        if (answer.size() > 8 * sizeof(bytes)) throw std::runtime_error("not published: " + answer);
        if (answer.find("\"error\"") != std::string::npos) {
            throw std::runtime_error("not published: " + answer);
        }
    }
}

void print(const char* what, const LatencyHistogram& latency) {
    const auto us = [&](double share) {
        return static_cast<double>(latency.percentile_ns(share)) / 1e3;
    };
    std::printf("%-40s p50 %8.1f us   p99 %8.1f us   max %8.1f us   (%llu)\n", what, us(0.5),
                us(0.99), static_cast<double>(latency.max_ns()) / 1e3,
                static_cast<unsigned long long>(latency.count()));
}

struct Options {
    std::string http, mqtt;
    int count = 2000;
    int pause_us = 5'000;  // on average
};

void run(const Options& options) {
    MqttSocket subscriber(parse_address(options.mqtt), "latency-subscriber");
    MqttSocket device(parse_address(options.mqtt), "latency-device");
    subscriber.subscribe(topic, Qos::AtMostOnce);
    const Descriptor browser = connect_to(parse_address(options.http));
    const std::string request = post_request(options.http);
    std::string publish;
    device.append_publish(publish, topic, R"({"batteryPower":1200})", Qos::AtMostOnce);

    // Random, so that no pause is in step with anything inside the broker.
    std::mt19937 random(1);
    std::uniform_int_distribution<int> pause_us(0, 2 * options.pause_us);
    const auto pause = [&] {
        std::this_thread::sleep_for(std::chrono::microseconds(pause_us(random)));
    };
    LatencyHistogram from_browser, until_reply, from_device;
    for (int i = 0; i < options.count; ++i) {
        pause();
        Clock::time_point start = Clock::now();
        send_all(browser.number(), request);
        await_publish(subscriber);
        from_browser.add(ns_since(start));
        await_ok(browser.number());
        until_reply.add(ns_since(start));

        pause();
        start = Clock::now();
        device.send(publish);
        await_publish(subscriber);
        from_device.add(ns_since(start));
    }
    print("browser's publish to MQTT subscriber", from_browser);
    print("browser's publish to its reply", until_reply);
    print("device's publish to MQTT subscriber", from_device);
}

}  // namespace
}  // namespace rtbridge::load

int main(int argc, char** argv) {
    using namespace rtbridge::load;
    CLI::App tool("Latency of browsers' publishes");
    Options options;
    tool.add_option("--http", options.http, "The listener, like 127.0.0.1:8080")->required();
    tool.add_option("--mqtt", options.mqtt, "The broker, like 127.0.0.1:1883")->required();
    tool.add_option("--count", options.count, "Publishes of each kind");
    tool.add_option("--pause-us", options.pause_us, "Between two, on average");
    CLI11_PARSE(tool, argc, argv);
    try {
        run(options);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "publish_latency: %s\n", error.what());
        return 1;
    }
    return 0;
}
