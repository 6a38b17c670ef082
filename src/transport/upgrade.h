#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "base/thread_role.h"
#include "transport/conversation.h"
#include "transport/http_reply.h"
#include "transport/http_request.h"
#include "transport/login_check.h"

namespace rtbridge {

struct ListenerState;

// A WebSocket handshake that is accepted, and what will be spoken then.
struct AcceptedUpgrade {
    std::shared_ptr<Conversation> conversation;
    // Null: `check` decides who it is, or credentials come in frames.
    SessionAccessPtr access{};
    std::optional<LoginCheck> check{};  // too slow for the loop
};

// Decides about a handshake by its path, its subprotocol, where it comes from and who it is.
[[nodiscard]] Result<AcceptedUpgrade, HttpReply> accept_upgrade(
    const HttpRequest& request, WebSocket& socket, ListenerState& state) ON_LISTENER_THREAD;

// Whether libwebsockets, which picks the first subprotocol offered that it knows, finds one.
[[nodiscard]] bool offers_known_subprotocol(const HttpRequest& request);

}  // namespace rtbridge
