#include "transport/engineio_conversation.h"

#include <utility>

#include "transport/engineio_server.h"
#include "transport/engineio_session.h"

namespace rtbridge {

EngineIoConversation::EngineIoConversation(EngineIoServer& server, WebSocket& socket,
                                           HttpRequest request, std::string sid)
    : server_(server),
      socket_(socket),
      request_(std::move(request)),
      sid_(std::move(sid)),
      max_payload_bytes_(server.settings().max_payload_bytes) {
    server_.count_socket(1);
}

EngineIoConversation::~EngineIoConversation() {
    assert_on_listener_thread();
    on_closed();
    server_.count_socket(-1);
}

void EngineIoConversation::begin(SessionAccessPtr /*access*/) {
    session_ = sid_.empty() ? server_.open_over(*this, std::move(request_))
                            : server_.offer_to(sid_, *this);
    request_ = {};
    // Both may have changed since the upgrade was let in.
    if (session_ != nullptr) return;
    if (sid_.empty()) return socket_.close(CloseCode::OverCapacity, "no room for a session");
    socket_.close(CloseCode::ProtocolError, "not open to this session");
}

void EngineIoConversation::on_message(std::string_view message, Message kind) {
    if (session_ == nullptr) return;
    session_->on_socket_message(
        *this, message, kind == Message::Binary ? EngineIoKind::Binary : EngineIoKind::Text);
}

Conversation::MessageLimit EngineIoConversation::message_limit() const {
    return {max_payload_bytes_, Limit::SocketIoPayload, "socketio.max_payload"};
}

void EngineIoConversation::on_writable() {
    if (session_ != nullptr) session_->on_socket_writable(*this);
}

void EngineIoConversation::on_peer_close() {
    on_closed();
}

void EngineIoConversation::on_closed() {
    if (session_ != nullptr) std::exchange(session_, nullptr)->on_socket_closed(*this);
}

void EngineIoConversation::close(CloseCode code, std::string_view reason) {
    if (session_ != nullptr && session_->speaks_over(*this)) return session_->close(code, reason);
    on_closed();
    socket_.close(code, reason);
}

}  // namespace rtbridge
