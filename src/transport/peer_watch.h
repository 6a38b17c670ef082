#pragma once

#include <unordered_set>

#include "base/file_descriptor.h"
#include "base/thread_role.h"

struct uv_loop_s;
struct uv_poll_s;

namespace rtbridge {

class Connection;

// Tells a connection whose answer is under way, or not all sent, that its browser left, or says
// something meanwhile. libwebsockets 4.1.6 leaves such a socket unread and yet wants to hear of
// input: nothing would end the connection, and the loop would turn without a rest. So the sockets
// are in an epoll set of their own as well, which is one descriptor of the loop.
//
// Thread: listener.
class PeerWatch {
public:
    explicit PeerWatch(uv_loop_s* loop) ON_LISTENER_THREAD;
    PeerWatch(const PeerWatch&) = delete;
    PeerWatch& operator=(const PeerWatch&) = delete;
    ~PeerWatch();

    // Calls Connection::on_peer_event() once, unless it is removed or forgotten before. It may be
    // there already.
    void add(Connection& connection, int socket) ON_LISTENER_THREAD;
    void remove(Connection& connection, int socket) ON_LISTENER_THREAD;
    void forget(Connection& connection) ON_LISTENER_THREAD;  // its socket is closed
    // The loop must run once more before destruction.
    void stop() ON_LISTENER_THREAD;

private:
    void on_events() noexcept ON_LISTENER_THREAD;

    FileDescriptor epoll_;
    std::unordered_set<Connection*> watched_;
    uv_poll_s* poll_;  // owned by the loop from its close on
};

}  // namespace rtbridge
