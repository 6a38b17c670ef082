#include "transport/broker_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <exception>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/peer_address.h"

namespace rtbridge {
namespace {

// So that with its frame's header it goes to the browser in one write.
constexpr std::size_t read_bytes = 64 * KiB - 16;
// Memory that is kept for the next time that the broker is slow.
constexpr std::size_t idle_buffer_bytes = 4 * KiB;

std::string message_of(int error) {
    return std::generic_category().message(error);
}

}  // namespace

Result<std::unique_ptr<BrokerLink>, std::string> BrokerLink::open(uv_loop_s* loop,
                                                                  const BindAddress& to,
                                                                  User& user) {
    const std::optional<PeerAddress> address = PeerAddress::parse(to.host, to.port);
    if (!address) return Failure{"not an IP address: " + to.host};
    FileDescriptor socket(
        ::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!socket.valid()) return Failure{message_of(errno)};
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    // A connection that is made at once shows as writable, like one that takes time.
    if (connect(socket.get(), address->get(), address->length) != 0 && errno != EINPROGRESS) {
        return Failure{message_of(errno)};
    }
    auto link = std::unique_ptr<BrokerLink>(new BrokerLink(std::move(socket), user));
    link->watch(loop);
    return link;
}

void BrokerLink::watch(uv_loop_s* loop) {
    auto poll = std::make_unique<uv_poll_t>();
    if (uv_poll_init(loop, poll.get(), socket_.get()) != 0) throw std::bad_alloc();
    poll_ = poll.release();
    poll_->data = this;
    update_interest();
}

BrokerLink::~BrokerLink() {
    assert_on_listener_thread();
    close();
}

void BrokerLink::close() {
    if (poll_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(poll_, nullptr)),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    socket_.reset();
}

void BrokerLink::update_interest() {
    if (poll_ == nullptr) return;
    int wanted = 0;
    if (!connected_ || !waiting_.empty()) wanted |= UV_WRITABLE;
    if (connected_ && reading_) wanted |= UV_READABLE;
    if (wanted == interest_) return;
    interest_ = wanted;
    if (wanted == 0) {
        uv_poll_stop(poll_);
        return;
    }
    uv_poll_start(poll_, wanted, [](uv_poll_t* poll, int status, int events) {
        assert_on_listener_thread();
        static_cast<BrokerLink*>(poll->data)->on_event(status, events);
    });
}

// Out of memory: this browser's loss.
void BrokerLink::on_event(int status, int events) noexcept try {
    // libuv has stopped polling then. What the matter is, the system says with the next call.
    if (status < 0) interest_ = 0;
    if (!connected_) {
        on_connect_result();
    } else {
        if (status < 0 || (events & UV_WRITABLE) != 0) flush();
        if (poll_ != nullptr && reading_ && (status < 0 || (events & UV_READABLE) != 0)) {
            read_some();
        }
    }
    update_interest();
} catch (const std::exception&) {
    end("out of memory");
}

void BrokerLink::on_connect_result() {
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) return end(message_of(error));
    connected_ = true;
    if (user_ != nullptr) user_->on_connected();
    flush();
}

void BrokerLink::send(std::string_view bytes) {
    if (poll_ == nullptr || send_failed_) return;
    if (connected_ && waiting_.empty()) bytes.remove_prefix(write_some(bytes));
    if (!send_failed_) waiting_ += bytes;
    update_interest();
}

void BrokerLink::flush() {
    if (!waiting_.empty()) {
        const std::size_t sent = write_some(waiting_);
        waiting_.erase(0, sent);
        if (waiting_.empty() && waiting_.capacity() > idle_buffer_bytes) waiting_ = {};
        if (sent > 0 && user_ != nullptr) user_->on_sent();
    }
    if (user_ == nullptr && waiting_.empty() && !std::exchange(end_sent_, true)) {
        shutdown(socket_.get(), SHUT_WR);
    }
}

std::size_t BrokerLink::write_some(std::string_view bytes) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
    // Reading will tell the rest.
    send_failed_ = true;
    waiting_ = {};
    return 0;
}

void BrokerLink::read_some() {
    if (user_ != nullptr && !user_->takes_bytes()) return;
    static thread_local std::array<char, read_bytes> buffer;
    const ssize_t received = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (received > 0) {
        if (user_ != nullptr) {
            user_->on_broker_bytes({buffer.data(), static_cast<std::size_t>(received)});
        }
    } else if (received == 0) {
        end("the broker closed the connection");
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        end(message_of(errno));
    }
}

void BrokerLink::end(std::string_view why) {
    close();
    if (user_ != nullptr) std::exchange(user_, nullptr)->on_broker_closed(why);
}

void BrokerLink::set_reading(bool reading) {
    reading_ = reading;
    update_interest();
}

std::string BrokerLink::local_address() const {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    if (getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET) {
        const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&address);
        inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
        return std::string(text.data()) + ":" + std::to_string(ntohs(v4->sin_port));
    }
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6->sin6_port));
}

void BrokerLink::finish() {
    user_ = nullptr;
    reading_ = true;
    if (poll_ == nullptr) return;
    if (connected_) flush();
    update_interest();
}

}  // namespace rtbridge
