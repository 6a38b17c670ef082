#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frame_reader.h"
#include "latency_histogram.h"
#include "tcp.h"

namespace rtbridge::load {

// ws://127.0.0.1:8080/ws?userId=user-1
struct WebSocketUrl {
    std::string authority;  // 127.0.0.1:8080
    std::string target;     // /ws?userId=user-1

    // Throws std::runtime_error, as all functions here.
    [[nodiscard]] static WebSocketUrl parse(std::string_view text);
};

// A connection whose WebSocket handshake is done; `early` gets the bytes that came with the answer.
[[nodiscard]] Descriptor open_web_socket(const WebSocketUrl& url, std::string& early);

enum class Expect : std::uint8_t { Messages, Nothing };

// Browsers, as many as the file limit allows, on one thread: counts the messages that each of them
// receives, measures their age, answers pings. One buffer serves all of them, so a message costs
// little more than its share of a recv().
class SessionPool {
public:
    SessionPool();

    // Opens `count` WebSocket sessions, one after the other.
    void open(const WebSocketUrl& url, std::size_t count, Expect expect = Expect::Messages);
    // Takes a connection whose peer sends frames at once, without a handshake.
    void adopt(Descriptor connection, Expect expect = Expect::Messages);

    // Waits at most `timeout_ns` for something to read, reads it; 0 does not wait. True: something
    // was there.
    bool poll(std::int64_t timeout_ns);

    // Measures the age of every n-th message only; 1 = each.
    void sample_every(std::uint32_t n) { sample_every_ = n; }
    // Starts a new measurement: counts and ages from zero.
    void reset();

    // Those that expect messages; the slowest is one of them too.
    [[nodiscard]] std::size_t size() const { return expecting_; }
    [[nodiscard]] std::uint64_t delivered() const { return delivered_; }  // to all together
    [[nodiscard]] std::uint64_t delivered_to_slowest() const;
    [[nodiscard]] std::int64_t last_delivery_ns() const { return last_delivery_ns_; }
    [[nodiscard]] const LatencyHistogram& latency() const { return latency_; }

private:
    struct Session {
        Descriptor connection;
        FrameReader reader;
        std::uint64_t messages = 0;
        Expect expect = Expect::Messages;
    };
    class Receiver;

    void read_from(Session& session);

    Descriptor epoll_;
    // Sessions are found by address from epoll events, so they must not move.
    std::vector<std::unique_ptr<Session>> sessions_;
    std::size_t expecting_ = 0;
    std::vector<char> buffer_;
    LatencyHistogram latency_;
    std::uint64_t delivered_ = 0;
    std::int64_t last_delivery_ns_ = 0;
    std::uint32_t sample_every_ = 1;
};

}  // namespace rtbridge::load
