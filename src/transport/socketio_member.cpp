#include "transport/socketio_member.h"

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "base/random_name.h"
#include "transport/socketio_connection.h"
#include "transport/socketio_shape.h"

namespace rtbridge {
namespace {

constexpr std::size_t id_characters = 20;
// Of a client that asks for acknowledgements of what the application does not acknowledge.
constexpr std::size_t unanswered_max = 1024;

}  // namespace

SocketIoMember::SocketIoMember(SocketIoConnection& connection, std::string_view name_space)
    : connection_(connection), name_space_(name_space), id_(random_name(id_characters)) {}

void SocketIoMember::begin(std::unique_ptr<SocketIoHandler> handler, std::string_view auth) {
    handler_ = std::move(handler);
    handler_->on_connect(auth);
}

void SocketIoMember::on_event(const SocketIoPacket& packet, std::vector<std::string> attachments) {
    if (packet.ack_id) {
        if (unanswered_.size() >= unanswered_max) unanswered_.pop_front();
        unanswered_.push_back(*packet.ack_id);
    }
    handler_->on_event({packet.event, packet.arguments, std::move(attachments), packet.ack_id});
}

void SocketIoMember::on_life() {
    if (accepted()) handler_->on_life();
}

void SocketIoMember::on_writable() {
    wants_writable_ = false;
    if (accepted()) handler_->on_writable();
}

void SocketIoMember::recheck_access() {
    if (accepted()) handler_->recheck_access();
}

void SocketIoMember::tell_handler(std::string_view reason) {
    leave();
    if (const auto handler = std::exchange(handler_, nullptr)) handler->on_disconnect(reason);
}

const HttpRequest& SocketIoMember::handshake() const {
    return connection_.session().handshake();
}

void SocketIoMember::accept() {
    if (state_ != State::Asked) return;
    state_ = State::Accepted;
    connection_.on_accepted();
    connection_.send(SocketIoType::Connect, name_space_, std::nullopt, "{\"sid\":\"" + id_ + "\"}",
                     {});
}

void SocketIoMember::refuse(std::string_view message, std::string_view data) {
    if (state_ != State::Asked) return;
    connection_.refuse(name_space_, message, data);
    connection_.leave_later(*this);
}

void SocketIoMember::emit(std::string_view event, std::string_view arguments) {
    emit(event, arguments, {});
}

void SocketIoMember::emit(std::string_view event, std::string_view arguments,
                          const std::vector<std::string>& attachments) {
    if (!accepted()) return;
    connection_.send(attachments.empty() ? SocketIoType::Event : SocketIoType::BinaryEvent,
                     name_space_, std::nullopt, socketio_event_data(event, arguments), attachments);
}

void SocketIoMember::acknowledge(std::uint64_t id, std::string_view arguments,
                                 const std::vector<std::string>& attachments) {
    if (!accepted()) return;
    const auto waiting = std::find(unanswered_.begin(), unanswered_.end(), id);
    if (waiting == unanswered_.end()) return;  // once only
    unanswered_.erase(waiting);
    connection_.send(attachments.empty() ? SocketIoType::Ack : SocketIoType::BinaryAck, name_space_,
                     id, "[" + std::string(arguments) + "]", attachments);
}

void SocketIoMember::disconnect() {
    if (!accepted()) return;
    connection_.send(SocketIoType::Disconnect, name_space_, std::nullopt, {}, {});
    connection_.leave_later(*this);
}

void SocketIoMember::close(CloseCode code, std::string_view reason) {
    connection_.session().close(code, reason);
}

bool SocketIoMember::ready() const {
    return accepted() && connection_.session().ready();
}

SessionOutput::Written SocketIoMember::write(std::string_view frames) {
    assert_on_listener_thread();
    return connection_.session().write_frames(frames);
}

void SocketIoMember::request_writable() {
    assert_on_listener_thread();
    wants_writable_ = true;
    connection_.session().request_writable();
}

const WireShape& SocketIoMember::shape(std::uint32_t /*subscription*/) const {
    return socketio_shape();
}

}  // namespace rtbridge
