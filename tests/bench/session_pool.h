#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "latency_histogram.h"
#include "tcp.h"
#include "wire.h"

namespace rtbridge::load {

// ws://127.0.0.1:8080/ws?userId=user-1
struct WebSocketUrl {
    std::string authority;  // 127.0.0.1:8080
    std::string target;     // /ws?userId=user-1

    // Throws std::runtime_error, as all functions here.
    [[nodiscard]] static WebSocketUrl parse(std::string_view text);
};

// What a session opens, and what it asks for there.
struct Endpoint {
    WebSocketUrl url;
    Wire wire = Wire::Plain;
    std::string filter;  // topic filter, for wires that subscribe
};

enum class Role : std::uint8_t {
    Active,   // has to get every message
    Idle,     // gets none
    Stalled,  // never reads
};

// What happens when the server closes sessions or leaves deliveries out.
enum class Losses : std::uint8_t { Throw, Count };

// Browsers, as many as the file limit allows, on one thread: counts the messages that each of them
// receives, measures their age, answers pings. One buffer serves all of them, so a message costs
// little more than its share of a recv().
class SessionPool {
public:
    explicit SessionPool(Losses losses = Losses::Throw);

    // Opens `count` sessions, some at the same time; returns when all are open. Throws if the
    // server refuses one, whatever `losses` is.
    void open(const Endpoint& endpoint, std::size_t count, Role role = Role::Active);
    // Takes a connection whose peer sends plain messages at once, without a handshake.
    void adopt(Descriptor connection);
    // Lets stalled sessions read again.
    void wake_stalled();

    // Waits at most `timeout_ns` for something to read, reads it; 0 does not wait. True: something
    // was there.
    bool poll(std::int64_t timeout_ns);

    // Measures the age of every n-th message only; 1 = each.
    void sample_every(std::uint32_t n) { sample_every_ = n; }
    // Starts a new measurement: counts and ages from zero.
    void reset();

    [[nodiscard]] Losses losses() const { return losses_; }
    [[nodiscard]] std::uint64_t closed() const { return closed_; }        // by the server
    [[nodiscard]] std::uint64_t delivered() const { return delivered_; }  // to all together
    // How many deliveries there are when each active session that is still open has `messages`.
    [[nodiscard]] std::uint64_t due(std::uint64_t messages) const {
        return messages * active_ + delivered_to_closed_;
    }
    // What active sessions, closed ones too, lack of `messages` each.
    [[nodiscard]] std::uint64_t missing(std::uint64_t messages) const;
    // Of the active sessions that are open; throws if there is none.
    [[nodiscard]] std::uint64_t delivered_to_slowest() const;
    [[nodiscard]] std::int64_t last_delivery_ns() const { return last_delivery_ns_; }
    [[nodiscard]] const LatencyHistogram& latency() const { return latency_; }

private:
    enum class State : std::uint8_t { Upgrading, Opening, Open, Closed };
    struct Session {
        Descriptor connection;
        WireConversation conversation;
        std::string answer;  // of the handshake, as far as it has arrived
        std::uint64_t messages = 0;
        Role role = Role::Active;
        State state = State::Open;
    };
    class Receiver;

    Session& add(Descriptor connection, Wire wire, std::string filter, Role role);
    void watch(Session& session);
    void unwatch(Session& session);
    void await_opening(std::uint64_t at_most);
    void read_from(Session& session);
    void take_answer(Session& session, std::string_view bytes, WireSink& sink);
    void finish_opening(Session& session);
    void close(Session& session, const char* why);

    Losses losses_;
    Descriptor epoll_;
    // Sessions are found by address from epoll events, so they must not move.
    std::vector<std::unique_ptr<Session>> sessions_;
    std::uint64_t opening_ = 0, active_ = 0, closed_ = 0;
    std::vector<char> buffer_;
    LatencyHistogram latency_;
    std::uint64_t delivered_ = 0, delivered_to_closed_ = 0;
    std::int64_t last_delivery_ns_ = 0;
    std::uint32_t sample_every_ = 1;
};

}  // namespace rtbridge::load
