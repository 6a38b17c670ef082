#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/thread_role.h"
#include "handoff/engineio_errands.h"
#include "transport/api.h"
#include "transport/engineio_reply.h"
#include "transport/engineio_socket_relay.h"
#include "transport/http_request.h"

namespace rtbridge {

class EngineIoServer;

// The way of a request to the listener that has its session, and of the answer back. The last
// character of a sid says which one that is.
//
//     connection -> Forwarded -> errand -> Served -> EngineIoServer of the session
//     connection <- Forwarded <- errand <- Served <-
//
// Thread: listener. One per EngineIoServer, which owns it.
class EngineIoRelay {
public:
    // All outlive the relay; `wakeup` is called on any listener's thread until leave().
    EngineIoRelay(EngineIoServer& server, EngineIoErrands& errands, Wakeup& wakeup);
    EngineIoRelay(const EngineIoRelay&) = delete;
    EngineIoRelay& operator=(const EngineIoRelay&) = delete;
    ~EngineIoRelay();

    // What the sids of sessions here end in.
    [[nodiscard]] std::string mark() const;
    // Of another listener, there now, that has the session if anyone has.
    [[nodiscard]] std::optional<std::uint32_t> owner_of(std::string_view sid) const;
    [[nodiscard]] Answer forward(std::uint32_t owner, const HttpRequest& request,
                                 const HttpHeaders& cors) ON_LISTENER_THREAD;

    [[nodiscard]] EngineIoSocketRelay& sockets() { return sockets_; }
    [[nodiscard]] bool any_errands() const noexcept { return inbox_ && inbox_->any(); }
    void run_errands() ON_LISTENER_THREAD;
    // The answer of another listener, or its end of a WebSocket, is still to come.
    [[nodiscard]] bool waits() const noexcept { return !forwarded_.empty() || sockets_.any(); }
    // Nothing comes or goes any more; what came before is answered.
    void leave() ON_LISTENER_THREAD;

private:
    class Forwarded;  // a request that came here and is answered elsewhere
    class Served;     // one that came elsewhere and is answered here

    // Errands.
    void serve(std::uint32_t from, std::uint64_t id, const HttpRequest& request,
               const HttpHeaders& cors) ON_LISTENER_THREAD;
    void answered(std::uint64_t id, const HttpReply& reply) ON_LISTENER_THREAD;
    void client_gone(std::uint32_t from, std::uint64_t id) ON_LISTENER_THREAD;

    void send_back(std::uint32_t from, std::uint64_t id, const HttpReply& reply) ON_LISTENER_THREAD;

    EngineIoServer& server_;
    EngineIoErrands& errands_;
    std::shared_ptr<EngineIoErrands::Inbox> inbox_;  // null after leave()
    EngineIoSocketRelay sockets_;
    std::uint64_t next_id_ = 1;
    std::unordered_map<std::uint64_t, Forwarded*> forwarded_;
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::unique_ptr<Served>> served_;
};

}  // namespace rtbridge
