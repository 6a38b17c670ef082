#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/result.h"
#include "base/thread_role.h"
#include "transport/connection.h"
#include "transport/peer_watch.h"

struct lws_context;
struct lws_protocols;
struct lws_vhost;
struct ssl_ctx_st;
struct uv_loop_s;

namespace rtbridge {

// libwebsockets on a libuv loop of ours, without a listening socket: accepted sockets are adopted.
// Its default poll loop costs milliseconds per wake-up with 10,000 sessions, and left to itself it
// would install signal handlers in the broker.
//
// Thread: listener; the loop is run by the caller.
class LwsServer {
public:
    [[nodiscard]] static Result<std::unique_ptr<LwsServer>, std::string> create(
        uv_loop_s* loop, ListenerState& state) ON_LISTENER_THREAD;
    LwsServer(const LwsServer&) = delete;
    LwsServer& operator=(const LwsServer&) = delete;
    ~LwsServer();

    // Takes the socket over, closes it on failure.
    void adopt(int socket, std::string peer_address, Capacity capacity) ON_LISTENER_THREAD;
    void forget(Connection* connection) ON_LISTENER_THREAD;
    void recheck_access() ON_LISTENER_THREAD;
    // Several times a second. Not by timers of libwebsockets: with its libuv loop, timers less than
    // a millisecond apart keep the loop busy until the last has fired, and sockets wait.
    void check_handshakes(SteadyTime now) ON_LISTENER_THREAD;
    // The connection waits for something that has to come in time: a request's body.
    void watch(Connection* connection) ON_LISTENER_THREAD { handshaking_.insert(connection); }
    [[nodiscard]] PeerWatch& peers() ON_LISTENER_THREAD { return peers_; }

    // Ends all connections. The loop must run on until it has no handles; then destroy the server.
    void shut_down() ON_LISTENER_THREAD;

    void on_wsi_created() ON_LISTENER_THREAD { wsi_created_ = true; }
    // libwebsockets has made the TLS context of its virtual host. False: give up.
    [[nodiscard]] bool on_tls_context(ssl_ctx_st* context) ON_LISTENER_THREAD;

    // Called when a connection is gone.
    class Observer {
    public:
        virtual ~Observer() = default;
        virtual void on_connection_gone() ON_LISTENER_THREAD = 0;
    };
    void set_observer(Observer* observer) { observer_ = observer; }

private:
    LwsServer(uv_loop_s* loop, ListenerState& state) ON_LISTENER_THREAD : state_(state),
                                                                          peers_(loop) {}

    ListenerState& state_;
    PeerWatch peers_;
    Observer* observer_ = nullptr;
    std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
    // First request, or a request's body, not complete when last looked at.
    std::unordered_set<Connection*> handshaking_;
    lws_context* context_ = nullptr;
    lws_vhost* vhost_ = nullptr;
    ssl_ctx_st* tls_ = nullptr;  // of the vhost
    bool wsi_created_ = false;   // by the adoption under way
    bool shut_down_ = false;
};

}  // namespace rtbridge
