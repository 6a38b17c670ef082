#include "session_pool.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <stdexcept>

#include "battery_payload.h"

namespace rtbridge::load {
namespace {

constexpr std::size_t buffer_bytes = 256UL * 1024;
constexpr std::size_t answer_bytes_max = 16UL * 1024;

// The key and its answer are the example of RFC 6455, 1.3, so that no SHA-1 is needed here.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// Some servers answer a new connection at their next tick only: one after the other would take
// minutes.
constexpr std::uint64_t opening_max = 100;
constexpr std::int64_t opening_patience_ns = 10'000'000'000;

std::string upgrade_request(const WebSocketUrl& url, std::string_view subprotocol) {
    std::string request =
        "GET " + url.target + " HTTP/1.1\r\nHost: " + url.authority +
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + std::string(key) +
        "\r\nSec-WebSocket-Version: 13\r\n";
    if (!subprotocol.empty()) {
        request += "Sec-WebSocket-Protocol: " + std::string(subprotocol) + "\r\n";
    }
    return request + "\r\n";
}

}  // namespace

WebSocketUrl WebSocketUrl::parse(std::string_view text) {
    constexpr std::string_view scheme = "ws://";
    const std::size_t slash = text.find('/', scheme.size());
    if (!text.starts_with(scheme) || slash == std::string_view::npos) {
        throw std::runtime_error("not a URL like ws://127.0.0.1:8080/ws: " + std::string(text));
    }
    return {std::string(text.substr(scheme.size(), slash - scheme.size())),
            std::string(text.substr(slash))};
}

// What the messages of one session do to the pool's counts.
class SessionPool::Receiver final : public WireSink {
public:
    Receiver(SessionPool& pool, Session& session, std::int64_t now_ns)
        : pool_(pool), session_(session), now_ns_(now_ns) {}

    void on_message(std::string_view payload) override {
        ++session_.messages;
        if (pool_.delivered_++ % pool_.sample_every_ != 0) return;
        if (const auto sent_ns = sent_ns_of(payload)) pool_.latency_.add(now_ns_ - *sent_ns);
    }

    void on_close() override { pool_.close(session_, "the server closed a session"); }

    void send(std::string_view bytes) override {
        if (session_.state == State::Closed) return;
        try {
            send_all(session_.connection.number(), bytes);
        } catch (const std::runtime_error& error) {
            pool_.close(session_, error.what());
        }
    }

private:
    SessionPool& pool_;
    Session& session_;
    std::int64_t now_ns_;
};

SessionPool::SessionPool(Losses losses)
    : losses_(losses), epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(buffer_bytes) {
    if (epoll_.number() < 0) throw_errno("epoll_create1");
}

void SessionPool::open(const Endpoint& endpoint, std::size_t count, Role role) {
    const sockaddr_in address = parse_address(endpoint.url.authority);
    const std::string request = upgrade_request(endpoint.url, subprotocol_of(endpoint.wire));
    for (std::size_t i = 0; i < count; ++i) {
        await_opening(opening_max - 1);
        Session& session = add(connect_to(address), endpoint.wire, endpoint.filter, role);
        session.state = State::Upgrading;
        ++opening_;
        watch(session);
        send_all(session.connection.number(), request);
    }
    await_opening(0);
}

void SessionPool::await_opening(std::uint64_t at_most) {
    std::uint64_t before = opening_;
    std::int64_t last_progress = monotonic_ns();
    while (opening_ > at_most) {
        poll(opening_patience_ns);
        const std::int64_t now = monotonic_ns();
        if (opening_ != before) {
            before = opening_;
            last_progress = now;
        } else if (now - last_progress >= opening_patience_ns) {
            throw std::runtime_error("the server does not answer new sessions");
        }
    }
}

void SessionPool::adopt(Descriptor connection) {
    watch(add(std::move(connection), Wire::Plain, {}, Role::Active));
}

SessionPool::Session& SessionPool::add(Descriptor connection, Wire wire, std::string filter,
                                       Role role) {
    sessions_.push_back(std::make_unique<Session>(
        Session{std::move(connection), WireConversation(wire, std::move(filter)), {}, 0, role}));
    if (role == Role::Active) ++active_;
    return *sessions_.back();
}

void SessionPool::watch(Session& session) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &session}};
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, session.connection.number(), &event) != 0) {
        throw_errno("epoll_ctl");
    }
}

void SessionPool::unwatch(Session& session) {
    epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, session.connection.number(), nullptr);
}

void SessionPool::wake_stalled() {
    for (const auto& session : sessions_) {
        if (session->role == Role::Stalled) watch(*session);
    }
}

bool SessionPool::poll(std::int64_t timeout_ns) {
    std::array<epoll_event, 512> events{};
    const timespec timeout{.tv_sec = timeout_ns / 1'000'000'000,
                           .tv_nsec = timeout_ns % 1'000'000'000};
    const int ready = epoll_pwait2(epoll_.number(), events.data(), static_cast<int>(events.size()),
                                   &timeout, nullptr);
    if (ready < 0 && errno != EINTR) throw_errno("epoll_pwait2");
    for (int i = 0; i < ready; ++i) {
        read_from(*static_cast<Session*>(events.at(static_cast<std::size_t>(i)).data.ptr));
    }
    return ready > 0;
}

void SessionPool::read_from(Session& session) {
    const ssize_t got =
        recv(session.connection.number(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return close(session, "the server hung up on a session");
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    last_delivery_ns_ = monotonic_ns();
    Receiver receiver(*this, session, last_delivery_ns_);
    switch (session.state) {
        case State::Upgrading:
            return take_answer(session, bytes, receiver);
        case State::Opening:
            session.conversation.read(bytes, receiver);
            return finish_opening(session);
        case State::Open:
            return session.conversation.read(bytes, receiver);
        case State::Closed:
            return;
    }
}

void SessionPool::take_answer(Session& session, std::string_view bytes, WireSink& sink) {
    session.answer += bytes;
    const std::size_t end = session.answer.find("\r\n\r\n");
    if (end == std::string::npos) {
        if (session.answer.size() <= answer_bytes_max) return;
        throw std::runtime_error("an endless answer to the WebSocket handshake");
    }
    if (!session.answer.starts_with("HTTP/1.1 101") || session.answer.find(accept) > end) {
        throw std::runtime_error("WebSocket handshake refused: " + session.answer.substr(0, 300));
    }
    const std::string_view subprotocol = subprotocol_of(session.conversation.wire());
    if (!subprotocol.empty() &&
        session.answer.find(": " + std::string(subprotocol) + "\r\n") > end) {
        throw std::runtime_error("the server does not speak " + std::string(subprotocol));
    }
    session.state = State::Opening;
    session.conversation.begin(sink);
    session.conversation.read(std::string_view(session.answer).substr(end + 4), sink);
    session.answer = {};
    finish_opening(session);
}

void SessionPool::finish_opening(Session& session) {
    if (session.state != State::Opening || !session.conversation.ready()) return;
    session.state = State::Open;
    --opening_;
    if (session.role == Role::Stalled) unwatch(session);
}

void SessionPool::close(Session& session, const char* why) {
    const bool opening = session.state == State::Upgrading || session.state == State::Opening;
    if (losses_ == Losses::Throw || opening) throw std::runtime_error(why);
    if (session.state == State::Closed) return;
    session.state = State::Closed;
    ++closed_;
    if (session.role == Role::Active) {
        --active_;
        delivered_to_closed_ += session.messages;
    }
    unwatch(session);
}

void SessionPool::reset() {
    for (const auto& session : sessions_) session->messages = 0;
    delivered_ = delivered_to_closed_ = 0;
    latency_.clear();
}

std::uint64_t SessionPool::missing(std::uint64_t messages) const {
    std::uint64_t missing = 0;
    for (const auto& session : sessions_) {
        if (session->role == Role::Active && session->messages < messages) {
            missing += messages - session->messages;
        }
    }
    return missing;
}

std::uint64_t SessionPool::delivered_to_slowest() const {
    if (active_ == 0) throw std::runtime_error("the server closed all sessions");
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    for (const auto& session : sessions_) {
        if (session->role == Role::Active && session->state == State::Open) {
            least = std::min(least, session->messages);
        }
    }
    return least;
}

}  // namespace rtbridge::load
