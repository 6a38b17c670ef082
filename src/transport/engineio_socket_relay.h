#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "base/thread_role.h"
#include "handoff/engineio_errands.h"
#include "transport/conversation.h"

namespace rtbridge {

class EngineIoServer;

// The way of a WebSocket that came to one listener and is for a session of another, to which a
// polling client upgrades:
//
//     connection -> Forwarded -> errand -> Served -> EngineIoConversation, EngineIoSession
//     connection <- Forwarded <- errand <- Served <-
//
// Nothing piles up on the way: in each direction up to `window` is under way and then what comes
// next, until the other side has taken it.
//
// Thread: listener. One per EngineIoRelay, which owns it.
class EngineIoSocketRelay {
public:
    static constexpr std::size_t window = 64 * KiB;

    // `here`: this listener's number. All outlive the relay.
    EngineIoSocketRelay(EngineIoServer& server, EngineIoErrands& errands, std::uint32_t here);
    EngineIoSocketRelay(const EngineIoSocketRelay&) = delete;
    EngineIoSocketRelay& operator=(const EngineIoSocketRelay&) = delete;
    ~EngineIoSocketRelay();

    // Where the WebSocket is. The result may outlive the relay.
    [[nodiscard]] std::shared_ptr<Conversation> forward(std::uint32_t owner, WebSocket& socket,
                                                        std::string sid) ON_LISTENER_THREAD;

    // WebSockets that are here.
    [[nodiscard]] bool any() const noexcept { return !forwarded_.empty(); }

private:
    class Forwarded;  // the conversation where the WebSocket is
    class Served;     // the WebSocket where the session is

    // Has it done where the session is, and where the WebSocket is. `from`: the listener of the
    // WebSocket. For what has gone meanwhile nothing is done.
    template <typename Do>
    void tell_served(std::uint32_t owner, std::uint32_t from, std::uint64_t id,
                     Do what) ON_LISTENER_THREAD;
    template <typename Do>
    void tell_forwarded(std::uint32_t from, std::uint64_t id, Do what) ON_LISTENER_THREAD;
    void serve(std::uint32_t from, std::uint64_t id, const std::string& sid) ON_LISTENER_THREAD;
    void stop_serving(std::uint32_t from, std::uint64_t id) ON_LISTENER_THREAD;

    EngineIoServer& server_;
    EngineIoErrands& errands_;
    const std::uint32_t here_;
    std::uint64_t next_id_ = 1;
    std::unordered_map<std::uint64_t, Forwarded*> forwarded_;
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::unique_ptr<Served>> served_;
};

}  // namespace rtbridge
