#include "transport/connection.h"

#include <libwebsockets.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "access/client_address.h"
#include "transport/api.h"
#include "transport/listener_state.h"
#include "transport/selection_request.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

// How long a browser may take to answer a close frame, or to read so far that it can be sent.
constexpr int close_timeout_s = 3;
constexpr std::size_t close_reason_bytes_max = 123;  // RFC 6455, 5.5 and 5.5.1
constexpr std::string_view retry_after_s = "5";
// How long a connection that will be refused may take to ask: there is room for few of them, and
// those that never ask must not keep a browser from its 503.
constexpr std::chrono::milliseconds refusal_patience{1'000};

unsigned char* as_lws_bytes(std::string_view bytes) {
    // lws_write() takes a mutable buffer because of protocols that add headers in place; raw writes
    // don't.
    return reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
}

// What lws 4.1.6 would let pass (RFC 6455, 4.2.1 and 4.2.2).
std::optional<HttpReply> refuse_form(const HttpRequest& request) {
    if (request.websocket_version != "13") {
        HttpReply reply = HttpReply::error(426, "bad_request", "Sec-WebSocket-Version is 13 here");
        reply.headers.emplace_back("Sec-WebSocket-Version", "13");
        return reply;
    }
    constexpr std::size_t key_bytes = 24;  // 16 bytes in base64
    if (request.method != HttpMethod::Get || request.websocket_key.size() != key_bytes) {
        return HttpReply::error(400, "bad_request", "not a WebSocket handshake");
    }
    return std::nullopt;
}

// RFC 6455, 5.5.1: the code in network order, then the reason.
std::string close_frame(CloseCode code, std::string_view reason) {
    const auto number = static_cast<unsigned>(code);
    std::string payload = {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
    payload += reason;
    return websocket_frame(Opcode::Close, payload);
}

}  // namespace

struct Connection::PendingUpgrade {
    SelectionRequest selection;
    RequestFacts facts;
};

Connection::Connection(ListenerState& state, std::string peer_address, Capacity capacity)
    : state_(state),
      accepted_at_(state.clock.now()),
      peer_address_(std::move(peer_address)),
      capacity_(capacity) {
    // For whom a proxy speaks is known with each request.
    if (!is_trusted_proxy(peer_address_, state.config->listener.trusted_proxies)) {
        count_for(peer_address_);
    }
}

Connection::~Connection() = default;

void Connection::on_adopted(lws* wsi) {
    wsi_ = wsi;
}

void Connection::check_handshake(SteadyTime now) {
    if (dead_ || wsi_ == nullptr) return;  // null: lws is about to destroy what it did not adopt
    std::chrono::milliseconds patience = state_.config->limits.handshake_timeout;
    if (capacity_ != Capacity::Free) patience = std::min(patience, refusal_patience);
    if (now - accepted_at_ < patience) return;
    state_.metrics.hit(Limit::HandshakeTimeout);
    abandon();
}

// A connection over one limit is not counted as over another.
void Connection::count_for(const std::string& client_address) {
    if (counted_.address() == client_address) return;
    counted_ = state_.addresses.take(client_address);
    if (capacity_ == Capacity::TooManyConnections) return;
    const std::uint32_t most = state_.config->limits.connections_per_ip;
    const bool too_many = most > 0 && state_.addresses.count(client_address) > most;
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

std::optional<HttpReply> Connection::refuse_at_once(const HttpRequest& request) const {
    if (request.ambiguous) {
        return HttpReply::error(400, "bad_request",
                                "the request is not clear: its version, or a blank before a colon");
    }
    if (capacity_ == Capacity::Free) return std::nullopt;
    HttpReply reply = capacity_ == Capacity::TooManyConnections
                          ? HttpReply::error(503, "unavailable", "limits.connections is reached")
                          : HttpReply::error(429, "limit", "limits.connections_per_ip is reached");
    reply.headers.emplace_back("Retry-After", retry_after_s);
    return reply;
}

int Connection::on_request() {
    headers_read_ = true;
    const HttpRequest request = next_request();
    const std::optional<HttpReply> refusal = refuse_at_once(request);
    const HttpReply reply = refusal ? *refusal : answer(request, state_.api());

    // No route takes a body. One that comes all the same is not read, so nothing can follow it.
    const AfterReply after =
        refusal || request.has_body ? AfterReply::Close : AfterReply::KeepAlive;
    const bool no_body = request.method == HttpMethod::Head || reply.status == 304;
    send_reply(reply, after, no_body ? Body::Omit : Body::Send);
    if (after == AfterReply::Close || dead_) return -1;
    return lws_http_transaction_completed(wsi_) != 0 ? -1 : 0;
}

void Connection::send_reply(const HttpReply& reply, AfterReply after, Body body) {
    const std::string bytes = to_wire(reply, after, body);
    if (lws_write(wsi_, as_lws_bytes(bytes), bytes.size(), LWS_WRITE_HTTP) < 0) dead_ = true;
}

int Connection::reply_and_close(const HttpReply& reply) {
    send_reply(reply, AfterReply::Close, Body::Send);
    return -1;
}

int Connection::on_upgrade_offer() {
    headers_read_ = true;
    // lws answers what it does not know by itself, and the header is gone then.
    const std::string offer = upgrade_offer(wsi_);
    const HttpRequest request = offer.empty() ? HttpRequest{} : next_request();
    if (offer == "websocket") {
        if (request.subprotocols.empty()) return 0;
        return reply_and_close(HttpReply::error(
            400, "bad_request", "/ws speaks plain JSON: open it without a subprotocol"));
    }
    if (offer != "h2c") return -1;
    // An offer of HTTP/2 may be ignored (RFC 9110, 7.8).
    if (const auto refusal = refuse_at_once(request)) return reply_and_close(*refusal);
    return reply_and_close(answer(request, state_.api()));
}

int Connection::on_upgrade() {
    if (const auto refusal = prepare_upgrade(next_request())) {
        return reply_and_close(*refusal);
    }
    return 0;
}

std::optional<HttpReply> Connection::prepare_upgrade(HttpRequest request) {
    if (auto refusal = refuse_at_once(request)) return refusal;
    if (request.path != "/ws") {
        return HttpReply::error(404, "not_found", "WebSockets are served at /ws");
    }
    if (auto refusal = refuse_form(request)) return refusal;
    if (state_.draining) {
        HttpReply reply = HttpReply::error(503, "unavailable", "draining");
        reply.headers.emplace_back("Retry-After", retry_after_s);
        return reply;
    }
    const ConfigSnapshot& config = *state_.config;
    if (const auto refusal = refuse_request(request.facts, config.listener, config.auth)) {
        return HttpReply::error(refusal->http_status, refusal->code, refusal->message);
    }
    auto selection = read_selection(request, config);
    if (!selection.ok()) {
        const SelectionRefusal& refusal = selection.error();
        if (refusal.limit) state_.metrics.hit(*refusal.limit);
        return HttpReply::error(400, refusal.limit ? "limit" : "bad_request", refusal.message);
    }
    upgrade_ = std::make_unique<PendingUpgrade>(
        PendingUpgrade{std::move(selection).value(), std::move(request.facts)});
    return std::nullopt;
}

void Connection::on_established() {
    lws_set_timeout(wsi_, NO_PENDING_TIMEOUT, 0);
    const auto upgrade = std::exchange(upgrade_, nullptr);
    facts_ = std::make_unique<const RequestFacts>(std::move(upgrade->facts));
    session_ = &state_.sessions.add(facts_->client_address, std::move(upgrade->selection.selection),
                                    upgrade->selection.snapshot, *this);
    session_->flush();
}

int Connection::on_frame(std::size_t bytes, std::size_t bytes_to_come, bool message_complete) {
    session_->on_life();
    message_bytes_ += bytes;
    const std::size_t frame_bytes_max = state_.config->limits.frame_bytes;
    if (message_bytes_ + bytes_to_come > frame_bytes_max) {
        state_.metrics.hit(Limit::Frame);
        session_->close(CloseCode::MessageTooBig,
                        "limit=frame max=" + std::to_string(frame_bytes_max));
        return on_writable();  // closes at once: what would still come of this message is not read
    }
    if (!message_complete) return 0;
    message_bytes_ = 0;
    static const std::string answer_frame = websocket_frame(
        Opcode::Text,
        R"({"err":{"code":"bad_request","n":107,"msg":"plain mode takes no requests","retry":false}})");
    if (ready()) (void)write(answer_frame);  // one that does not read its answers misses them
    session_->on_bad_request();
    return 0;
}

void Connection::on_pong() {
    if (session_ != nullptr) session_->on_life();
}

void Connection::on_peer_close() {
    peer_closed_ = true;
    if (session_ != nullptr) session_->abandon();
}

int Connection::on_writable() {
    if (dead_) return -1;
    if (close_request_) {
        // Our own frame: lws_close_reason() and -1 out of a writable callback shut the socket down
        // without one (lws 4.1.6).
        const std::string frame = close_frame(close_request_->code, close_request_->reason);
        if (lws_partial_buffered(wsi_) == 0 && !ended_by_lws()) (void)write(frame);
        return -1;
    }
    if (ping_pending_) ping();
    if (session_ != nullptr) session_->on_writable();
    return 0;
}

void Connection::on_http_closed() {
    // lws hangs up on a header that is too long without a word; what came in tells.
    if (headers_read_ || wsi_ == nullptr) return;
    tcp_info info{};
    socklen_t length = sizeof(info);
    if (getsockopt(lws_get_socket_fd(wsi_), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return;
    if (info.tcpi_bytes_received >= state_.config->limits.header_bytes) {
        state_.metrics.hit(Limit::Header);
    }
}

void Connection::on_websocket_closed() {
    if (ended_by_lws()) state_.metrics.hit(Limit::BadRequests);
    on_closed();
}

bool Connection::ended_by_lws() const {
    return session_ != nullptr && !peer_closed_ && lws_get_close_length(wsi_) > 0;
}

void Connection::on_closed() {
    if (session_ != nullptr) state_.sessions.remove(*std::exchange(session_, nullptr));
}

void Connection::recheck_access() {
    if (session_ == nullptr) return;
    const ConfigSnapshot& config = *state_.config;
    if (const auto refusal = refuse_request(*facts_, config.listener, config.auth)) {
        session_->close(CloseCode::Forbidden, refusal->message);
    }
}

bool Connection::ready() const {
    return !dead_ && !close_request_ && lws_partial_buffered(wsi_) == 0 && !ended_by_lws();
}

SessionOutput::Written Connection::write(std::string_view frames) {
    if (lws_write(wsi_, as_lws_bytes(frames), frames.size(), LWS_WRITE_RAW) >= 0) {
        return Written::Yes;
    }
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
    // Never empty: lws 4.1.6 does not report a pong without payload.
    static const std::string frame = websocket_frame(Opcode::Ping, "rtbridge");
    ping_pending_ = !ready();
    if (ping_pending_) {
        request_writable();
    } else {
        (void)write(frame);
    }
}

void Connection::close(CloseCode code, std::string_view reason) {
    if (dead_ || close_request_) return;
    close_request_ = CloseRequest{code, std::string(reason.substr(0, close_reason_bytes_max))};
    lws_set_timeout(wsi_, PENDING_TIMEOUT_CLOSE_SEND, close_timeout_s);
    lws_callback_on_writable(wsi_);
}

const WireShape& Connection::shape() const {
    static const PlainWebSocketShape plain;
    return plain;
}

}  // namespace rtbridge
