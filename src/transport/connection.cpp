#include "transport/connection.h"

#include <libwebsockets.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "access/client_address.h"
#include "listener/limit_reason.h"
#include "transport/connection_pending.h"
#include "transport/listener_state.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

// How long a browser may take to answer a close frame, or to read so far that it can be sent.
constexpr int close_timeout_s = 3;
constexpr std::size_t close_reason_bytes_max = 123;  // RFC 6455, 5.5 and 5.5.1
// How long a connection that will be refused may take to ask: there is room for few of them, and
// those that never ask must not keep a browser from its 503.
constexpr std::chrono::milliseconds refusal_patience{1'000};

unsigned char* as_lws_bytes(std::string_view bytes) {
    // lws_write() takes a mutable buffer because of protocols that add headers in place; raw writes
    // don't.
    return reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
}

// RFC 6455, 5.5.1: the code in network order, then the reason.
std::string close_frame(CloseCode code, std::string_view reason) {
    const auto number = static_cast<unsigned>(code);
    std::string payload = {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
    payload += reason;
    return websocket_frame(Opcode::Close, payload);
}

// Nothing where there is none.
std::optional<std::uint16_t> close_code_in(std::string_view payload) {
    if (payload.size() < 2) return std::nullopt;
    const auto high = static_cast<unsigned char>(payload[0]);
    const auto low = static_cast<unsigned char>(payload[1]);
    return static_cast<std::uint16_t>(high << 8U | low);
}

}  // namespace

Connection::Connection(ListenerState& state, std::string peer_address, Capacity capacity)
    : state_(state),
      receiving_since_(state.clock.now()),
      peer_address_(std::move(peer_address)),
      http_requests_(state.clock.now()),
      capacity_(capacity) {
    // For whom a proxy speaks is known with each request.
    if (!is_trusted_proxy(peer_address_, state.config->listener.trusted_proxies)) {
        count_for(peer_address_);
    }
}

Connection::~Connection() {
    state_.reading_changes.erase(this);
}

void Connection::on_adopted(lws* wsi) {
    wsi_ = wsi;
}

void Connection::check_handshake(SteadyTime now) {
    if (dead_ || wsi_ == nullptr) return;  // null: lws is about to destroy what it did not adopt
    std::chrono::milliseconds patience = state_.config->limits.handshake_timeout;
    if (capacity_ != Capacity::Free) patience = std::min(patience, refusal_patience);
    if (now - receiving_since_ < patience) return;
    state_.metrics.hit(Limit::HandshakeTimeout);
    if (conversation_) {
        return conversation_->close(
            CloseCode::NoHello,
            limit_reason("handshake_timeout", static_cast<std::uint64_t>(patience.count())));
    }
    abandon();
}

// A connection over one limit is not counted as over another.
void Connection::count_for(const std::string& client_address) {
    if (counted_.address() == client_address) return;
    counted_ = state_.connections.addresses().take(client_address);
    if (capacity_ == Capacity::TooManyConnections) return;
    const std::uint32_t most = state_.config->limits.connections_per_ip;
    const bool too_many = most > 0 && counted_.with_it() > most;
    if (too_many) state_.metrics.hit(Limit::ConnectionsPerIp);
    capacity_ = too_many ? Capacity::TooManyFromAddress : Capacity::Free;
}

HttpRequest Connection::next_request() {
    HttpRequest request = read_request(wsi_, peer_address_);
    const auto& trusted = state_.config->listener.trusted_proxies;
    request.facts.trusted_proxy = is_trusted_proxy(peer_address_, trusted);
    request.facts.client_address = client_address(peer_address_, request.x_forwarded_for, trusted);
    count_for(request.facts.client_address);
    return request;
}

void Connection::send_reply(const HttpReply& reply, AfterReply after, Body body) {
    const std::string bytes = to_wire(reply, after, body);
    if (lws_write(wsi_, as_lws_bytes(bytes), bytes.size(), LWS_WRITE_HTTP) < 0) {
        abandon();
    } else if (holds_back()) {
        watch_peer();
    }
    state_.sessions.figures().sent_http_bytes.add(bytes.size());
}

int Connection::reply_and_close(const HttpReply& reply) {
    send_reply(reply, AfterReply::Close, Body::Send);
    return -1;
}

int Connection::on_frame(const FramePart& part) {
    ListenerFigures& figures = state_.sessions.figures();
    const bool stream = conversation_->streams();
    (stream ? figures.received_mqtt_bytes : figures.received_websocket_bytes)
        .add(part.bytes.size());
    const auto kind = part.binary ? Conversation::Message::Binary : Conversation::Message::Text;
    if (stream) {
        conversation_->on_message(part.bytes, kind);
        return 0;
    }
    const Conversation::MessageLimit limit = conversation_->message_limit();
    const std::size_t bytes = message_.size() + part.bytes.size() + part.bytes_to_come;
    if (bytes > limit.bytes) {
        state_.metrics.hit(limit.limit);
        const std::string reason = limit_reason(limit.name, limit.bytes, bytes);
        conversation_->close(CloseCode::MessageTooBig, reason);
        close(CloseCode::MessageTooBig, reason);
        return on_writable();  // closes at once: what would still come of this message is not read
    }
    message_ += part.bytes;
    conversation_->on_life();
    if (part.message_complete) conversation_->on_message(std::exchange(message_, {}), kind);
    return 0;
}

void Connection::on_pong() {
    conversation_->on_life();
}

void Connection::on_peer_close(std::string_view payload) {
    peer_closed_ = true;
    peer_close_code_ = close_code_in(payload).value_or(Disconnects::no_code);
    conversation_->on_peer_close();
}

int Connection::on_writable() {
    if (dead_) return -1;
    if (close_request_) {
        // Our own frame: lws_close_reason() and -1 out of a writable callback shut the socket down
        // without one (lws 4.1.6).
        const auto& [code, reason, last_word] = *close_request_;
        const std::string frames = last_word + close_frame(code, reason);
        if (lws_partial_buffered(wsi_) == 0 && !ended_by_lws()) (void)write(frames);
        return -1;
    }
    if (ping_pending_) ping();
    conversation_->on_writable();
    return 0;
}

// libuv gives the socket back a turn later, and WSI_DESTROY comes no sooner; what is done by then
// must leave lws alone.
void Connection::on_http_closed() {
    dead_ = true;
    end_exchange();
    // lws hangs up on a header that is too long without a word; what came in tells.
    if (headers_read_ || wsi_ == nullptr) return;
    tcp_info info{};
    socklen_t length = sizeof(info);
    if (getsockopt(lws_get_socket_fd(wsi_), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return;
    if (info.tcpi_bytes_received >= state_.config->limits.header_bytes) {
        state_.metrics.hit(Limit::Header);
    }
}

std::uint16_t Connection::close_code() const {
    if (close_request_) return static_cast<std::uint16_t>(close_request_->code);
    if (peer_closed_) return peer_close_code_;
    if (ended_by_lws()) {
        const auto* const payload = reinterpret_cast<const char*>(lws_get_close_payload(wsi_));
        const auto length = static_cast<std::size_t>(lws_get_close_length(wsi_));
        return close_code_in({payload, length}).value_or(Disconnects::no_close);
    }
    return Disconnects::no_close;
}

void Connection::on_websocket_closed() {
    state_.metrics.disconnects.count(close_code());
    if (ended_by_lws()) state_.metrics.hit(Limit::BadRequests);
    dead_ = true;  // as above
    on_closed();
}

bool Connection::ended_by_lws() const {
    return websocket_ && !peer_closed_ && lws_get_close_length(wsi_) > 0;
}

void Connection::on_closed() {
    dead_ = true;
    if (conversation_ && !upgrade_) conversation_->on_closed();
    conversation_.reset();
    upgrade_.reset();
    end_exchange();
    request_.reset();
}

void Connection::end_exchange() {
    if (request_ && request_->responder) {
        std::exchange(request_->responder, nullptr)->on_gone();
    }
}

void Connection::recheck_access() {
    if (conversation_ && !upgrade_) conversation_->recheck_access();
    if (request_ && request_->responder) {
        const std::shared_ptr<HttpResponder> responder = request_->responder;
        responder->recheck_access();
    }
}

bool Connection::ready() const {
    return !dead_ && !close_request_ && lws_partial_buffered(wsi_) == 0 && !ended_by_lws();
}

SessionOutput::Written Connection::write(std::string_view bytes) {
    ListenerFigures& figures = state_.sessions.figures();
    if (!websocket_) {
        figures.sent_http_bytes.add(bytes.size());
        if (request_ && request_->stream_bytes_left) {
            assert(bytes.size() <= *request_->stream_bytes_left);
            *request_->stream_bytes_left -= bytes.size();
            expect_reading();
        }
    } else if (conversation_->streams()) {
        figures.sent_mqtt_bytes.add(bytes.size());
    } else {
        figures.sent_websocket_bytes.add(bytes.size());
    }
    // Of HTTP as well: LWS_WRITE_HTTP is the same.
    if (lws_write(wsi_, as_lws_bytes(bytes), bytes.size(), LWS_WRITE_RAW) >= 0) return Written::Yes;
    abandon();
    return Written::No;
}

void Connection::abandon() {
    dead_ = true;
    lws_set_timeout(wsi_, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    lws_cancel_service(lws_get_context(wsi_));  // lws looks at its timeouts after an event only
}

void Connection::request_writable() {
    lws_callback_on_writable(wsi_);
}

void Connection::ping() {
    assert_on_listener_thread();
    ping_pending_ = !ready();
    if (ping_pending_) {
        request_writable();
    } else {
        (void)write(conversation_->probe());
    }
}

void Connection::close(CloseCode code, std::string_view reason) {
    if (dead_ || close_request_) return;
    reason = reason.substr(0, close_reason_bytes_max);
    close_request_ = std::make_unique<const CloseRequest>(
        CloseRequest{code, std::string(reason), conversation_->last_word(code, reason)});
    lws_set_timeout(wsi_, PENDING_TIMEOUT_CLOSE_SEND, close_timeout_s);
    lws_callback_on_writable(wsi_);
}

const WireShape& Connection::shape(std::uint32_t subscription) const {
    return conversation_->shape(subscription);
}

SessionOutput::Liveness Connection::liveness() const {
    return conversation_->liveness();
}

std::string_view Connection::transport() const {
    return conversation_->transport();
}

void Connection::pause_reading() {
    reading_ = false;
    state_.reading_changes.insert(this);
}

void Connection::resume_reading() {
    reading_ = true;
    state_.reading_changes.insert(this);
}

// libwebsockets 4.1.6 has trouble with a change in the middle of what it is delivering: while TLS
// holds decrypted bytes it comes back to what it put aside for ever, and turns the order of pieces
// round. After the delivery nothing is put aside: what one read brought was all delivered.
void Connection::switch_reading() {
    if (!dead_) lws_rx_flow_control(wsi_, reading_ ? 1 : 0);
}

}  // namespace rtbridge
