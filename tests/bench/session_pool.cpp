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

// Returns what followed the answer: the first frames may arrive with it.
std::string shake_hands(int connection, const WebSocketUrl& url) {
    send_all(connection,
             "GET " + url.target + " HTTP/1.1\r\nHost: " + url.authority +
                 "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " +
                 std::string(key) + "\r\nSec-WebSocket-Version: 13\r\n\r\n");
    std::string answer;
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
        std::array<char, 4096> part{};
        const ssize_t got = recv(connection, part.data(), part.size(), 0);
        if (got < 0) throw_errno("no answer to the WebSocket handshake");
        if (got == 0 || answer.size() > answer_bytes_max) {
            throw std::runtime_error("WebSocket handshake cut off after: " + answer);
        }
        answer.append(part.data(), static_cast<std::size_t>(got));
        end = answer.find("\r\n\r\n");
    }
    if (!answer.starts_with("HTTP/1.1 101") || answer.find(accept) > end) {
        throw std::runtime_error("WebSocket handshake refused: " + answer.substr(0, 300));
    }
    return answer.substr(end + 4);
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

Descriptor open_web_socket(const WebSocketUrl& url, std::string& early) {
    Descriptor connection = connect_to(parse_address(url.authority));
    early = shake_hands(connection.number(), url);
    return connection;
}

// What the frames of one session do to the pool's counts.
class SessionPool::Receiver {
public:
    Receiver(SessionPool& pool, Session& session, std::int64_t now_ns)
        : pool_(pool), session_(session), now_ns_(now_ns) {}

    void on_message(std::string_view payload) {
        ++session_.messages;
        if (pool_.delivered_++ % pool_.sample_every_ != 0) return;
        if (const auto sent_ns = sent_ns_of(payload)) pool_.latency_.add(now_ns_ - *sent_ns);
    }

    void on_ping(std::string_view data) {
        // Masked with zeros, as a client must mask (RFC 6455, 5.3) and the bytes may stay as they
        // are.
        std::string pong{
            static_cast<char>(0x8A), static_cast<char>(0x80U | data.size()), 0, 0, 0, 0};
        pong += data;
        send_all(session_.connection.number(), pong);
    }

    [[noreturn]] void on_close() { throw std::runtime_error("the server closed a session"); }

private:
    SessionPool& pool_;
    Session& session_;
    std::int64_t now_ns_;
};

SessionPool::SessionPool() : epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(buffer_bytes) {
    if (epoll_.number() < 0) throw_errno("epoll_create1");
}

void SessionPool::open(const WebSocketUrl& url, std::size_t count, Expect expect) {
    std::string early;
    for (std::size_t i = 0; i < count; ++i) {
        adopt(open_web_socket(url, early), expect);
        Session& session = *sessions_.back();
        session.reader.read(early, Receiver(*this, session, monotonic_ns()));
    }
}

void SessionPool::adopt(Descriptor connection, Expect expect) {
    auto session = std::make_unique<Session>();
    session->connection = std::move(connection);
    session->expect = expect;
    epoll_event event{.events = EPOLLIN, .data = {.ptr = session.get()}};
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, session->connection.number(), &event) != 0) {
        throw_errno("epoll_ctl");
    }
    sessions_.push_back(std::move(session));
    if (expect == Expect::Messages) ++expecting_;
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
    if (got == 0) throw std::runtime_error("the server hung up on a session");
    if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        throw_errno("recv");
    }
    last_delivery_ns_ = monotonic_ns();
    session.reader.read(std::string_view(buffer_.data(), static_cast<std::size_t>(got)),
                        Receiver(*this, session, last_delivery_ns_));
}

void SessionPool::reset() {
    for (const auto& session : sessions_) session->messages = 0;
    delivered_ = 0;
    latency_.clear();
}

std::uint64_t SessionPool::delivered_to_slowest() const {
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    for (const auto& session : sessions_) {
        if (session->expect == Expect::Messages) least = std::min(least, session->messages);
    }
    return expecting_ == 0 ? 0 : least;
}

}  // namespace rtbridge::load
