#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "fake_broker.h"

namespace rtbridge {

// What a client publishes in a test, with what matters to few of them by default.
struct Sent {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
    fake_client client{"device-1", "device", "127.0.0.1"};
};

struct Delivered {
    int rc = 0;
    std::string payload;
    bool payload_null = false;
    bool retain = false;
    bool replaced = false;
};

// A fake broker with the real rtbridge.so in it, and a directory of its own for configuration.
// At its end it unloads, and fails the test where the plugin broke a rule of the broker or left
// something behind: memory, registrations, threads, descriptors.
class Broker {
public:
    Broker();
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    // The path of a file with this text, in a directory that only this broker uses.
    std::string write_config(std::string_view text);
    [[nodiscard]] std::string path_of(std::string_view name) const { return directory_ / name; }

    int load(std::initializer_list<fake_option> options);
    // load() with write_config(): on a port of the kernel's choice, then `rules`.
    int load_rules(std::string_view rules);
    static constexpr std::string_view any_port = "[listener]\nbind = \"127.0.0.1:0\"\n";

    Delivered publish(const Sent& sent);
    int reload() { return fake_broker_reload(); }
    void tick() { fake_broker_tick(); }
    void unload();

    [[nodiscard]] std::vector<std::string> log(int level) const;
    [[nodiscard]] std::vector<std::string> errors() const;
    // Everything logged so far, a line each; for messages of failing tests.
    [[nodiscard]] std::string whole_log() const;
    // Where the plugin says that it listens, 0 where it does not say so.
    [[nodiscard]] std::uint16_t port() const;

private:
    std::filesystem::path directory_;
    std::size_t threads_before_ = 0;
    std::size_t descriptors_before_ = 0;
};

// Threads of this process.
std::size_t thread_count();
// Whether there are no more than that within some seconds: a joined thread leaves /proc later.
bool threads_fall_to(std::size_t expected);

}  // namespace rtbridge
