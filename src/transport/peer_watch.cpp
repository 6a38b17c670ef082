#include "transport/peer_watch.h"

#include <sys/epoll.h>
#include <uv.h>

#include <array>
#include <utility>

#include "transport/connection.h"

namespace rtbridge {
namespace {

constexpr std::size_t events_per_turn = 64;

}  // namespace

PeerWatch::PeerWatch(uv_loop_s* loop) : epoll_(epoll_create1(EPOLL_CLOEXEC)), poll_(nullptr) {
    if (epoll_.get() < 0) return;
    poll_ = new uv_poll_t;
    uv_poll_init(loop, poll_, epoll_.get());
    poll_->data = this;
    uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* poll, int /*status*/, int /*events*/) {
        assert_on_listener_thread();
        static_cast<PeerWatch*>(poll->data)->on_events();
    });
}

PeerWatch::~PeerWatch() {
    stop();
}

void PeerWatch::add(Connection& connection, int socket) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
    event.data.ptr = &connection;
    const int operation = watched_.contains(&connection) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(epoll_.get(), operation, socket, &event) == 0) watched_.insert(&connection);
}

void PeerWatch::remove(Connection& connection, int socket) {
    if (watched_.erase(&connection) == 0) return;
    (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
}

void PeerWatch::forget(Connection& connection) {
    watched_.erase(&connection);
}

void PeerWatch::on_events() noexcept {
    std::array<epoll_event, events_per_turn> events{};
    const int count =
        epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), /*timeout=*/0);
    for (int i = 0; i < count; ++i) {
        auto* const connection =
            static_cast<Connection*>(events.at(static_cast<std::size_t>(i)).data.ptr);
        // One may end another.
        if (watched_.contains(connection)) connection->on_peer_event();
    }
}

void PeerWatch::stop() {
    if (poll_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(poll_, nullptr)),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
}

}  // namespace rtbridge
