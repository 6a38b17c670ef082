#include "transport/socketio_connection.h"

#include <utility>

#include "base/json_text.h"
#include "listener/limit_reason.h"
#include "transport/socketio_server.h"

namespace rtbridge {

SocketIoConnection::SocketIoConnection(SocketIoServer& server, EngineIoSession& session)
    : server_(server),
      session_(session),
      connect_by_(session.now() + server.connect_timeout()),
      requests_(session.now()) {
    assert_on_listener_thread();
    arm();
}

SocketIoConnection::~SocketIoConnection() = default;

void SocketIoConnection::on_message(std::string_view message, EngineIoKind kind) {
    if (kind == EngineIoKind::Binary) return on_binary(message);
    const std::uint32_t per_second = server_.limits().requests_per_second;
    if (!requests_.take(per_second, session_.now())) {
        server_.metrics().hit(Limit::RequestsPerSecond);
        return session_.close(CloseCode::RateLimited,
                              limit_reason("requests_per_second", per_second));
    }
    on_text(message);
    server_.document().trim();
}

void SocketIoConnection::on_text(std::string_view text) {
    if (incomplete_) return close("text where an attachment is due");
    const auto read = read_socketio_packet(text, server_.document());
    if (!read.ok()) return close(read.error());
    const SocketIoPacket& packet = read.value();
    if (packet.type == SocketIoType::Connect) return on_connect(packet);

    const auto member = members_.find(packet.name_space);
    const bool joined = member != members_.end();
    if (packet.type == SocketIoType::Disconnect && joined) return on_disconnect(member);
    if (!joined && !ended_.contains(packet.name_space)) return close("not in that namespace");
    if (joined && !member->second->accepted()) return close("not connected yet");
    if (packet.attachments > 0) {
        incomplete_ = Incomplete{std::string(text), packet.attachments, text.size(), {}};
        return;
    }
    on_whole(packet, {});
}

void SocketIoConnection::on_binary(std::string_view bytes) {
    if (!incomplete_) return close("an attachment of nothing");
    incomplete_->bytes += bytes.size();
    const std::size_t bytes_max = session_.max_payload_bytes();
    if (incomplete_->bytes > bytes_max) {
        server_.metrics().hit(Limit::SocketIoPayload);
        return session_.close(CloseCode::MessageTooBig,
                              limit_reason("socketio.max_payload", bytes_max, incomplete_->bytes));
    }
    incomplete_->attachments.emplace_back(bytes);
    if (incomplete_->attachments.size() < incomplete_->wanted) return;
    Incomplete complete = *std::exchange(incomplete_, std::nullopt);
    const auto packet = read_socketio_packet(complete.text, server_.document());
    if (packet.ok()) on_whole(packet.value(), std::move(complete.attachments));
}

void SocketIoConnection::on_whole(const SocketIoPacket& packet,
                                  std::vector<std::string> attachments) {
    const auto member = members_.find(packet.name_space);
    if (member == members_.end()) return;
    // Nobody here asks for acknowledgements: one is a sign of life and no more.
    if (packet.is_event()) member->second->on_event(packet, std::move(attachments));
}

void SocketIoConnection::on_connect(const SocketIoPacket& packet) {
    if (members_.contains(packet.name_space)) return close("CONNECT a second time");
    if (members_.size() + left_.size() >= namespaces_max) {
        return refuse(packet.name_space, "Too many namespaces", {});
    }
    auto owned = std::make_unique<SocketIoMember>(*this, packet.name_space);
    auto handler = server_.app().connect(packet.name_space, *owned);
    if (handler == nullptr) return refuse(packet.name_space, "Invalid namespace", {});
    const auto ended = ended_.find(packet.name_space);
    if (ended != ended_.end()) ended_.erase(ended);
    SocketIoMember& member = *owned;
    members_.emplace(packet.name_space, std::move(owned));
    member.begin(std::move(handler), packet.auth);
}

void SocketIoConnection::on_disconnect(Members::iterator member) {
    const std::unique_ptr<SocketIoMember> leaving = std::move(member->second);
    members_.erase(member);
    leaving->tell_handler("client namespace disconnect");
}

void SocketIoConnection::on_accepted() {
    connect_by_.reset();
    arm();
}

void SocketIoConnection::leave_later(SocketIoMember& member) {
    const auto found = members_.find(member.name_space());
    if (found == members_.end() || found->second.get() != &member) return;
    if (member.accepted() && ended_.size() < namespaces_max) ended_.insert(member.name_space());
    member.leave();
    left_.push_back(std::move(found->second));
    members_.erase(found);
    if (members_.empty() && !connect_by_) {
        connect_by_ = session_.now() + server_.connect_timeout();
    }
    arm();
}

void SocketIoConnection::tell_of_left(std::string_view reason) {
    for (const auto& member : std::exchange(left_, {})) member->tell_handler(reason);
}

void SocketIoConnection::arm() {
    session_.set_deadline(left_.empty() ? connect_by_ : session_.now());
}

void SocketIoConnection::on_deadline() {
    tell_of_left("server namespace disconnect");
    if (connect_by_ && *connect_by_ <= session_.now()) {
        connect_by_.reset();
        if (members_.empty()) {
            server_.metrics().hit(Limit::SocketIoConnect);
            const auto limit = static_cast<std::uint64_t>(server_.connect_timeout().count());
            return session_.close(CloseCode::NoHello,
                                  limit_reason("socketio.connect_timeout", limit));
        }
    }
    arm();
}

// Any of them may leave when it is called; it then lives on for a while.
std::vector<SocketIoMember*> SocketIoConnection::present() const {
    std::vector<SocketIoMember*> members;
    members.reserve(members_.size());
    for (const auto& [name, member] : members_) members.push_back(member.get());
    return members;
}

void SocketIoConnection::on_life() {
    for (SocketIoMember* const member : present()) member->on_life();
}

void SocketIoConnection::on_writable() {
    for (SocketIoMember* const member : present()) {
        if (!member->wants_writable()) continue;
        if (!session_.ready()) return session_.request_writable();
        member->on_writable();
    }
}

void SocketIoConnection::recheck_access() {
    for (SocketIoMember* const member : present()) member->recheck_access();
}

void SocketIoConnection::on_close(std::string_view reason) {
    tell_of_left(reason);
    for (const auto& [name, member] : std::exchange(members_, {})) member->tell_handler(reason);
}

void SocketIoConnection::send(SocketIoType type, std::string_view name_space,
                              std::optional<std::uint64_t> ack_id, std::string_view data,
                              const std::vector<std::string>& attachments) {
    const EngineIoSession::Batch batch(session_);
    session_.send(socketio_packet(type, name_space, ack_id, data, attachments.size()),
                  EngineIoKind::Text);
    for (const std::string& attachment : attachments) {
        session_.send(attachment, EngineIoKind::Binary);
    }
}

void SocketIoConnection::refuse(std::string_view name_space, std::string_view message,
                                std::string_view data) {
    std::string error = "{\"message\":";
    append_json_string(error, message);
    if (!data.empty()) {
        error += ",\"data\":";
        error += data;
    }
    send(SocketIoType::ConnectError, name_space, std::nullopt, error + '}', {});
}

void SocketIoConnection::close(std::string_view mistake) {
    session_.close(CloseCode::ProtocolError, mistake);
}

}  // namespace rtbridge
