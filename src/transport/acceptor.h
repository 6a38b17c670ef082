#pragma once

#include <cstdint>

#include "base/file_descriptor.h"
#include "base/thread_role.h"
#include "transport/listening_socket.h"
#include "transport/lws_server.h"

struct uv_loop_s;
struct uv_poll_s;

namespace rtbridge {

// Accepts connections and enforces how many there may be. Those over a limit are still accepted, up
// to a margin, because an HTTP answer says why; beyond the margin they are closed.
//
// Thread: listener.
class Acceptor final : public LwsServer::Observer {
public:
    // `connections_max`: limits.connections, lowered where the file limit is smaller.
    Acceptor(uv_loop_s* loop, ListeningSocket socket, LwsServer& server, ListenerState& state,
             std::uint32_t connections_max) ON_LISTENER_THREAD;
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    ~Acceptor() override;

    void set_connections_max(std::uint32_t connections_max) ON_LISTENER_THREAD;
    // Further browsers get "connection refused". The loop must run once more before destruction.
    void stop() ON_LISTENER_THREAD;

    void on_connection_gone() override ON_LISTENER_THREAD;

private:
    void accept_waiting() noexcept ON_LISTENER_THREAD;
    void turn_away_without_descriptor() ON_LISTENER_THREAD;
    [[nodiscard]] Capacity count_in() ON_LISTENER_THREAD;

    ListeningSocket socket_;
    FileDescriptor spare_;  // given up for a moment when the process has no descriptor left
    LwsServer& server_;
    ListenerState& state_;
    std::uint32_t connections_max_;
    std::uint32_t connections_ = 0;
    uv_poll_s* poll_ = nullptr;  // owned by the loop from its close on
};

}  // namespace rtbridge
