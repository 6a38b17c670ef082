#pragma once

#include <cstdint>

#include "base/file_descriptor.h"
#include "base/thread_role.h"
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
    Acceptor(uv_loop_s* loop, FileDescriptor socket, LwsServer& server,
             ListenerState& state) ON_LISTENER_THREAD;
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    ~Acceptor() override;

    // Further browsers get "connection refused". The loop must run once more before destruction.
    void stop() ON_LISTENER_THREAD;

    void on_connection_gone() override ON_LISTENER_THREAD;

private:
    void accept_waiting() noexcept ON_LISTENER_THREAD;
    void turn_away_without_descriptor() ON_LISTENER_THREAD;
    // limits.connections, lowered where the file limit is smaller; of all listeners together.
    [[nodiscard]] std::uint32_t connections_max() const;

    FileDescriptor socket_;
    FileDescriptor spare_;  // given up for a moment when the process has no descriptor left
    LwsServer& server_;
    ListenerState& state_;
    uv_poll_s* poll_ = nullptr;  // owned by the loop from its close on
};

}  // namespace rtbridge
