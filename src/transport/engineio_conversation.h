#pragma once

#include <memory>
#include <string>

#include "transport/conversation.h"
#include "transport/http_request.h"

namespace rtbridge {

class EngineIoServer;
class EngineIoSession;

// A WebSocket of Engine.IO: a session of its own, or one that a polling session may move to.
//
// Thread: listener. Session and conversation tell each other when they go.
class EngineIoConversation final : public Conversation {
public:
    // `sid`: of the polling session, or empty.
    EngineIoConversation(EngineIoServer& server, WebSocket& socket, HttpRequest request,
                         std::string sid);
    EngineIoConversation(const EngineIoConversation&) = delete;
    EngineIoConversation& operator=(const EngineIoConversation&) = delete;
    ~EngineIoConversation() override;

    [[nodiscard]] WebSocket& socket() { return socket_; }
    // The session has gone, or has no use for it.
    void leave() { session_ = nullptr; }

    void begin(SessionAccessPtr access) override ON_LISTENER_THREAD;
    void on_message(std::string_view message, Message kind) override ON_LISTENER_THREAD;
    [[nodiscard]] MessageLimit message_limit() const override;
    void on_writable() override ON_LISTENER_THREAD;
    void on_peer_close() override ON_LISTENER_THREAD;
    void on_closed() override ON_LISTENER_THREAD;
    void close(CloseCode code, std::string_view reason) override ON_LISTENER_THREAD;
    [[nodiscard]] std::string_view transport() const override { return "socket.io"; }
    [[nodiscard]] SessionOutput::Liveness liveness() const override {
        return SessionOutput::Liveness::Elsewhere;
    }

private:
    EngineIoServer& server_;
    WebSocket& socket_;
    HttpRequest request_;
    std::string sid_;
    std::size_t max_payload_bytes_;
    EngineIoSession* session_ = nullptr;
};

}  // namespace rtbridge
