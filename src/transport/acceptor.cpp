#include "transport/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <uv.h>

#include <array>
#include <cerrno>

#include "transport/listener_state.h"

namespace rtbridge {
namespace {

constexpr int accepts_per_turn = 64;           // then sessions get their turn again
constexpr std::uint32_t refused_at_once = 64;  // over the limit, yet accepted to say why

std::string address_text(const sockaddr_storage& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET) {
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr, text.data(),
                  text.size());
    } else if (address.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr,
                  text.data(), text.size());
    }
    return text.data();
}

int open_spare() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

Acceptor::Acceptor(uv_loop_s* loop, ListeningSocket socket, LwsServer& server, ListenerState& state,
                   std::uint32_t connections_max)
    : socket_(std::move(socket)),
      spare_(open_spare()),
      server_(server),
      state_(state),
      connections_max_(connections_max),
      poll_(new uv_poll_t) {
    uv_poll_init(loop, poll_, socket_.fd.get());
    poll_->data = this;
    uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* poll, int /*status*/, int /*events*/) {
        assert_on_listener_thread();
        static_cast<Acceptor*>(poll->data)->accept_waiting();
    });
    server_.set_observer(this);
}

Acceptor::~Acceptor() {
    server_.set_observer(nullptr);
}

void Acceptor::set_connections_max(std::uint32_t connections_max) {
    connections_max_ = connections_max;
}

void Acceptor::stop() {
    if (poll_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(poll_, nullptr)),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    socket_.fd.reset();
}

void Acceptor::accept_waiting() noexcept try {
    for (int i = 0; i < accepts_per_turn; ++i) {
        sockaddr_storage address{};
        socklen_t length = sizeof(address);
        FileDescriptor peer(accept4(socket_.fd.get(), reinterpret_cast<sockaddr*>(&address),
                                    &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!peer.valid()) {
            if (errno == EMFILE || errno == ENFILE) turn_away_without_descriptor();
            if (errno == ECONNABORTED || errno == EINTR) continue;
            return;
        }
        if (connections_ >= connections_max_ + refused_at_once) {
            state_.metrics.hit(Limit::Connections);
            continue;
        }
        const int on = 1;
        setsockopt(peer.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        const Capacity capacity = count_in();
        server_.adopt(peer.release(), address_text(address), capacity);
    }
} catch (const std::exception&) {
    state_.metrics.listener_errors.add();  // out of memory: this browser's loss
}

// Without this the socket stays readable and the loop spins.
void Acceptor::turn_away_without_descriptor() {
    state_.metrics.hit(Limit::Connections);
    spare_.reset();
    const FileDescriptor peer(accept4(socket_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    spare_.reset(open_spare());
}

Capacity Acceptor::count_in() {
    if (++connections_ <= connections_max_) return Capacity::Free;
    state_.metrics.hit(Limit::Connections);
    return Capacity::TooManyConnections;
}

void Acceptor::on_connection_gone() {
    --connections_;
}

}  // namespace rtbridge
