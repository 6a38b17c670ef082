#include "transport/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
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

Acceptor::Acceptor(uv_loop_s* loop, FileDescriptor socket, LwsServer& server, ListenerState& state)
    : socket_(std::move(socket)),
      spare_(open_spare()),
      server_(server),
      state_(state),
      poll_(new uv_poll_t) {
    uv_poll_init(loop, poll_, socket_.get());
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

std::uint32_t Acceptor::connections_max() const {
    return std::min(state_.config->limits.connections, state_.connections.room());
}

void Acceptor::stop() {
    if (poll_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(poll_, nullptr)),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    socket_.reset();
}

void Acceptor::accept_waiting() noexcept try {
    for (int i = 0; i < accepts_per_turn; ++i) {
        sockaddr_storage address{};
        socklen_t length = sizeof(address);
        FileDescriptor peer(accept4(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!peer.valid()) {
            if (errno == EMFILE || errno == ENFILE) turn_away_without_descriptor();
            if (errno == ECONNABORTED || errno == EINTR) continue;
            return;
        }
        const std::uint32_t most = connections_max();
        const std::uint32_t with_it = state_.connections.enter();
        if (with_it > most) state_.metrics.hit(Limit::Connections);
        if (with_it > most && with_it - most > refused_at_once) {
            state_.connections.leave();
            continue;
        }
        const int on = 1;
        setsockopt(peer.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        server_.adopt(peer.release(), address_text(address),
                      with_it > most ? Capacity::TooManyConnections : Capacity::Free);
    }
} catch (const std::exception&) {
    state_.metrics.listener_errors.add();  // out of memory: this browser's loss
}

// Without this the socket stays readable and the loop spins.
void Acceptor::turn_away_without_descriptor() {
    state_.metrics.hit(Limit::Connections);
    spare_.reset();
    const FileDescriptor peer(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    spare_.reset(open_spare());
}

void Acceptor::on_connection_gone() {
    state_.connections.leave();
}

}  // namespace rtbridge
