#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "transport/auth_frame.h"
#include "transport/conversation.h"
#include "transport/request_facts_pool.h"
#include "transport/selection_request.h"

namespace rtbridge {

struct ListenerState;

// /ws without a subprotocol (protocols 1.1): what the query selected comes as text frames, each
// one body and nothing around it. The only frame that a browser may send is {"op":"auth"}.
//
// Thread: listener.
class PlainMode final : public Conversation {
public:
    PlainMode(ListenerState& state, WebSocket& socket, RequestFacts facts,
              SelectionRequest selection);

    [[nodiscard]] std::optional<Refusal> refuse(const SessionAccess& access) override
        ON_LISTENER_THREAD;
    void begin(SessionAccessPtr access) override ON_LISTENER_THREAD;
    void on_message(std::string_view message, Message kind) override ON_LISTENER_THREAD;
    [[nodiscard]] MessageLimit message_limit() const override;
    void on_life() override ON_LISTENER_THREAD;
    void on_writable() override ON_LISTENER_THREAD;
    void on_peer_close() override ON_LISTENER_THREAD;
    void on_closed() override ON_LISTENER_THREAD;
    void recheck_access() override ON_LISTENER_THREAD;
    void close(CloseCode code, std::string_view reason) override ON_LISTENER_THREAD;
    [[nodiscard]] std::string_view transport() const override { return "websocket"; }

private:
    [[nodiscard]] const Selection& selection() const;
    void on_auth_frame(const AuthFrame& frame) ON_LISTENER_THREAD;
    // False: it may not see any of what it selected, and is closed.
    bool adopt(SessionAccessPtr access) ON_LISTENER_THREAD;
    void answer(std::string_view text) ON_LISTENER_THREAD;

    ListenerState& state_;
    WebSocket& socket_;
    std::unique_ptr<SelectionRequest> wanted_;  // until begin()
    std::shared_ptr<const RequestFacts> facts_;
    Session* session_ = nullptr;  // owned by Sessions
};

}  // namespace rtbridge
