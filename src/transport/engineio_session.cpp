#include "transport/engineio_session.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/bytes.h"
#include "base/utf8.h"
#include "listener/limit_reason.h"
#include "transport/engineio_conversation.h"
#include "transport/engineio_payload.h"
#include "transport/engineio_poll.h"
#include "transport/engineio_server.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

// What one answer or one write carries, where it is more than one packet.
constexpr std::size_t chunk_bytes = 64 * KiB;
// An answer to the GET must not overtake the probe's, or the client asks once more for nothing.
constexpr std::chrono::milliseconds noop_after_probe{5};
// A client that asks while it upgrades would ask again and again.
constexpr std::chrono::milliseconds noop_delay{50};
// How long a client on polling may take to fetch the end of its session.
constexpr std::chrono::seconds closing_time{30};
// How long one that was upgrading may take to show where it reads the end.
constexpr std::chrono::seconds closing_upgrade_time{1};
// When the listener itself is so late, what the client has sent is read first.
constexpr std::chrono::milliseconds own_delay{100};

constexpr std::string_view close_packet = "1";
constexpr std::string_view noop_packet = "6";

}  // namespace

EngineIoSession::EngineIoSession(EngineIoServer& server, std::string sid, HttpRequest handshake,
                                 std::shared_ptr<const EngineIoSettings> settings)
    : server_(server),
      sid_(std::move(sid)),
      handshake_(std::move(handshake)),
      settings_(std::move(settings)) {}

EngineIoSession::~EngineIoSession() {
    assert_on_listener_thread();
    end("server shutting down", close_packet, CloseCode::Shutdown);
    tell_handler();
    server_.schedule(*this, std::nullopt);
}

SteadyTime EngineIoSession::now() const {
    return server_.now();
}

std::string EngineIoSession::open_packet() const {
    std::string packet = engineio_packet(EngineIoType::Open, "{\"sid\":\"" + sid_ + "\",");
    packet += polls() ? "\"upgrades\":[\"websocket\"]" : "\"upgrades\":[]";
    packet += ",\"pingInterval\":" + std::to_string(settings_->ping_interval.count());
    packet += ",\"pingTimeout\":" + std::to_string(settings_->ping_timeout.count());
    packet += ",\"maxPayload\":" + std::to_string(settings_->max_payload_bytes) + '}';
    return packet;
}

void EngineIoSession::begin(EngineIoApp& app, EngineIoConversation* socket) {
    socket_ = socket;
    ping_at_ = now() + settings_->ping_interval;
    arm();
    const Batch batch(*this);
    if (socket_ != nullptr) push(open_packet(), EngineIoKind::Text);
    handler_ = app.open(*this);
}

// What the application sends.

void EngineIoSession::send(std::string_view message, EngineIoKind kind) {
    push(kind == EngineIoKind::Text ? engineio_packet(EngineIoType::Message, message)
                                    : std::string(message),
         kind);
}

void EngineIoSession::push(std::string bytes, EngineIoKind kind) {
    if (state_ != State::Open) return;
    packet_bytes_ += bytes.size();
    packets_.push_back({std::move(bytes), kind});
    if (batches_ == 0) flush();
    const std::size_t hard_bytes = server_.limits().queue.hard_bytes;
    if (packet_bytes_ <= hard_bytes || packets_.size() <= 1) return;
    if (batches_ > 0) flush();
    if (packet_bytes_ <= hard_bytes || state_ != State::Open) return;
    server_.metrics().hit(Limit::QueueHard);
    end("too slow", close_packet, CloseCode::TooSlow);
}

void EngineIoSession::end_batch() {
    if (--batches_ == 0) flush();
}

void EngineIoSession::flush() {
    if (packets_.empty() || state_ != State::Open) return;
    if (socket_ != nullptr) return flush_to_socket();
    if (poll_ == nullptr || !poll_begun_ || probed_) return;
    answer_poll(engineio_payload_reply(take_payload()));
}

void EngineIoSession::flush_to_socket() {
    WebSocket& socket = socket_->socket();
    std::string frames;
    while (!packets_.empty() && socket.ready()) {
        frames.clear();
        while (!packets_.empty() &&
               (frames.empty() || frames.size() + packets_.front().bytes.size() <= chunk_bytes)) {
            const Packet& packet = packets_.front();
            append_frame_header(frames,
                                packet.kind == EngineIoKind::Text ? Opcode::Text : Opcode::Binary,
                                packet.bytes.size());
            frames += packet.bytes;
            packet_bytes_ -= packet.bytes.size();
            packets_.pop_front();
        }
        if (socket.write(frames) == SessionOutput::Written::No) return;  // it closes
    }
    if (!packets_.empty()) socket.request_writable();
}

// The packets of one answer.
std::string EngineIoSession::take_payload() {
    EngineIoPayload payload;
    while (!packets_.empty() &&
           (payload.empty() || payload.bytes() + packets_.front().bytes.size() <= chunk_bytes)) {
        const Packet& packet = packets_.front();
        if (packet.kind == EngineIoKind::Text) {
            payload.add_text(packet.bytes);
        } else {
            payload.add_binary(packet.bytes);
        }
        packet_bytes_ -= packet.bytes.size();
        packets_.pop_front();
    }
    return payload.take();
}

void EngineIoSession::answer_poll(HttpReply reply) {
    EngineIoPoll* const poll = std::exchange(poll_, nullptr);
    poll_begun_ = false;
    noop_at_.reset();
    poll->finish(std::move(reply));
}

bool EngineIoSession::ready() const {
    if (state_ != State::Open || !packets_.empty()) return false;
    if (socket_ != nullptr) return socket_->socket().ready();
    return poll_ != nullptr && poll_begun_ && !probed_;
}

SessionOutput::Written EngineIoSession::write_frames(std::string_view frames) {
    if (socket_ != nullptr) return socket_->socket().write(frames);
    assert(poll_ != nullptr);
    EngineIoPayload payload;
    while (!frames.empty()) payload.add_text(take_frame_payload(frames));
    answer_poll(engineio_payload_reply(payload.take()));
    return SessionOutput::Written::Yes;
}

// On polling the next GET is what makes it so.
void EngineIoSession::request_writable() {
    wants_writable_ = true;
    if (socket_ != nullptr) socket_->socket().request_writable();
}

void EngineIoSession::tell_writable() {
    if (!wants_writable_ || !ready() || handler_ == nullptr) return;
    wants_writable_ = false;
    handler_->on_writable();
}

void EngineIoSession::set_deadline(std::optional<SteadyTime> deadline) {
    if (state_ != State::Open) return;
    deadline_ = deadline;
    arm();
}

// Polling.

Answer EngineIoSession::on_get(const HttpHeaders& cors) {
    if (socket_ != nullptr) return engineio_error(EngineIoError::BadRequest);
    if (state_ == State::Closing) return closing_reply();
    if (poll_ != nullptr) {  // a client waits for the answer to one before the next
        end("transport error", close_packet, CloseCode::ProtocolError);
        return engineio_error(EngineIoError::BadRequest);
    }
    if (!probed_ && batches_ == 0 && !packets_.empty()) {
        return engineio_payload_reply(take_payload());
    }
    auto poll = std::make_shared<EngineIoPoll>(*this, cors);
    poll_ = poll.get();
    if (probed_) {
        noop_at_ = now() + noop_delay;
        arm();
    }
    return std::shared_ptr<HttpResponder>(std::move(poll));
}

void EngineIoSession::on_poll_begun() {
    poll_begun_ = true;
    flush();
    tell_writable();
}

void EngineIoSession::on_poll_gone() {
    poll_ = nullptr;
    poll_begun_ = false;
    end("transport error", close_packet, CloseCode::ProtocolError);
}

HttpReply EngineIoSession::on_post(const HttpRequest& request) {
    if (state_ != State::Open) return engineio_error(EngineIoError::SessionIdUnknown);
    if (socket_ != nullptr) return engineio_error(EngineIoError::BadRequest);
    const Batch batch(*this);
    EngineIoPayloadReader reader(request.body);
    if (posts_ > 1 || request.content_type == "application/octet-stream") {
        end("transport error", close_packet, CloseCode::ProtocolError);
    } else if (!is_utf8(request.body) || !read_packets(reader)) {
        end("parse error", close_packet, CloseCode::ProtocolError);
    }
    const bool refused = state_ == State::Gone && !client_closed_;
    return refused ? engineio_error(EngineIoError::BadRequest) : engineio_post_reply();
}

bool EngineIoSession::read_packets(EngineIoPayloadReader& reader) {
    using Read = EngineIoPayloadReader::Read;
    while (state_ == State::Open) {
        switch (reader.next()) {
            case Read::Text:
                if (!on_packet(reader.text())) return false;
                break;
            case Read::Binary:
                handler_->on_life();
                if (state_ == State::Open) {
                    handler_->on_message(reader.binary(), EngineIoKind::Binary);
                }
                break;
            case Read::Mistake:
                return false;
            case Read::End:
                return true;
        }
    }
    return true;
}

// Whatever the transport.

bool EngineIoSession::on_packet(const EngineIoText& packet) {
    handler_->on_life();
    if (state_ != State::Open) return true;
    switch (packet.type) {
        case EngineIoType::Close:
            client_closed_ = true;
            end("transport close", noop_packet, CloseCode::Normal);
            return true;
        case EngineIoType::Ping:
            return false;  // pings are the server's
        case EngineIoType::Pong:
            on_pong();
            return true;
        case EngineIoType::Message:
            handler_->on_message(packet.data, EngineIoKind::Text);
            return true;
        default:
            return true;  // means nothing here
    }
}

void EngineIoSession::on_pong() {
    if (!pong_by_) return;
    pong_by_.reset();
    reading_first_ = false;
    ping_at_ = now() + settings_->ping_interval;
    arm();
}

// WebSockets.

bool EngineIoSession::takes_socket() const {
    return state_ == State::Open && socket_ == nullptr && candidate_ == nullptr;
}

void EngineIoSession::offer(EngineIoConversation& socket) {
    candidate_ = &socket;
    upgrade_by_ = now() + settings_->upgrade_timeout;
    arm();
}

void EngineIoSession::on_socket_message(EngineIoConversation& from, std::string_view message,
                                        EngineIoKind kind) {
    if (state_ == State::Closing && &from == candidate_) return on_late_upgrade(message, kind);
    if (state_ != State::Open) return;
    const Batch batch(*this);
    if (&from == candidate_) return on_candidate_message(message, kind);
    if (kind == EngineIoKind::Binary) {
        handler_->on_life();
        if (state_ == State::Open) handler_->on_message(message, kind);
        return;
    }
    const auto packet = read_engineio_text(message);
    if (!packet || !on_packet(*packet)) end("parse error", {}, CloseCode::ProtocolError);
}

void EngineIoSession::on_candidate_message(std::string_view message, EngineIoKind kind) {
    const bool text = kind == EngineIoKind::Text;
    if (!probed_) {
        WebSocket& socket = candidate_->socket();
        if (!text || message != "2probe" || !socket.ready()) return drop_candidate();
        probed_ = true;
        if (poll_ != nullptr) noop_at_ = now() + noop_after_probe;
        arm();
        (void)socket.write(websocket_frame(Opcode::Text, "3probe"));
    } else if (text && message == "5") {
        upgrade();
    } else if (text && message == "3") {
        on_pong();
    } else {
        drop_candidate();
    }
}

// It was closed before it knew: what is left goes where the client reads now.
void EngineIoSession::on_late_upgrade(std::string_view message, EngineIoKind kind) {
    if (kind != EngineIoKind::Text || message != "5") return drop_candidate();
    socket_ = std::exchange(candidate_, nullptr);
    probed_ = false;
    upgrade_by_.reset();
    flush_to_socket();
    end(end_reason_, {}, close_code_);
}

// Its timer of pings goes on.
void EngineIoSession::upgrade() {
    if (poll_ != nullptr) answer_poll(engineio_error(EngineIoError::BadRequest));
    socket_ = std::exchange(candidate_, nullptr);
    probed_ = false;
    upgrade_by_.reset();
    noop_at_.reset();
    arm();
    flush();
    tell_writable();
}

// The WebSocket goes; polling goes on.
void EngineIoSession::drop_candidate() {
    if (candidate_ == nullptr) return;
    candidate_->leave();
    candidate_->socket().close(CloseCode::ProtocolError, "no upgrade");
    forget_candidate();
}

void EngineIoSession::forget_candidate() {
    candidate_ = nullptr;
    probed_ = false;
    upgrade_by_.reset();
    noop_at_.reset();
    arm();
    if (batches_ == 0) flush();
    tell_writable();
}

void EngineIoSession::on_socket_writable(EngineIoConversation& socket) {
    if (&socket != socket_) return;
    flush();
    tell_writable();
}

void EngineIoSession::on_socket_closed(EngineIoConversation& socket) {
    if (&socket == candidate_) return forget_candidate();
    if (&socket != socket_) return;
    socket_ = nullptr;
    end("transport close", {}, CloseCode::Normal);
}

// The end.

void EngineIoSession::close(CloseCode code, std::string_view reason) {
    if (state_ != State::Open) return;
    if (socket_ != nullptr) {
        flush_to_socket();
        return end(reason, {}, code);
    }
    end_reason_ = reason;
    close_code_ = code;
    if (probed_) {
        upgrade_by_ = std::min(*upgrade_by_, now() + closing_upgrade_time);
    } else {
        drop_candidate();
    }
    state_ = State::Closing;
    ping_at_ = pong_by_ = deadline_ = std::nullopt;
    gone_by_ = now() + closing_time;
    arm();
    server_.wind_up(*this);
    if (poll_ == nullptr) return;
    answer_poll(closing_reply());
}

// What is left, and with a later GET the end: a client that finds it in the same payload forgets
// the events before it (socket.io-client 4 looks at them a turn later).
HttpReply EngineIoSession::closing_reply() {
    if (!packets_.empty()) return engineio_payload_reply(take_payload());
    go();
    return engineio_payload_reply(std::string(close_packet));
}

void EngineIoSession::end(std::string_view reason, std::string_view last_packet, CloseCode code) {
    if (state_ == State::Gone) return;
    if (state_ == State::Open) end_reason_ = reason;
    go();
    if (poll_ != nullptr) answer_poll(engineio_payload_reply(std::string(last_packet)));
    if (EngineIoConversation* const socket = std::exchange(socket_, nullptr)) {
        socket->leave();
        socket->socket().close(code, reason);
    }
}

void EngineIoSession::go() {
    state_ = State::Gone;
    packets_.clear();
    packet_bytes_ = 0;
    ping_at_ = pong_by_ = noop_at_ = deadline_ = gone_by_ = std::nullopt;
    drop_candidate();
    arm();
    server_.wind_up(*this);
}

void EngineIoSession::tell_handler() {
    if (state_ == State::Open) return;
    if (const auto handler = std::exchange(handler_, nullptr)) handler->on_close(end_reason_);
}

void EngineIoSession::recheck_access() {
    if (handler_ != nullptr && state_ == State::Open) handler_->recheck_access();
}

// Time.

std::optional<SteadyTime> EngineIoSession::next_deadline() const {
    std::optional<SteadyTime> next;
    for (const auto& deadline : {ping_at_, pong_by_, upgrade_by_, noop_at_, deadline_, gone_by_}) {
        if (deadline && (!next || *deadline < *next)) next = deadline;
    }
    return next;
}

void EngineIoSession::arm() {
    server_.schedule(*this, next_deadline());
}

void EngineIoSession::check(SteadyTime now) {
    const auto due = [now](const std::optional<SteadyTime>& deadline) {
        return deadline && *deadline <= now;
    };
    if (due(gone_by_)) return go();
    if (due(noop_at_)) {
        noop_at_.reset();
        if (poll_ != nullptr) answer_poll(engineio_payload_reply(std::string(noop_packet)));
    }
    if (due(upgrade_by_)) {
        if (state_ == State::Open) server_.metrics().hit(Limit::HandshakeTimeout);
        drop_candidate();
    }
    if (due(ping_at_)) {
        ping_at_.reset();
        pong_by_ = now + settings_->ping_timeout;
        push(engineio_packet(EngineIoType::Ping), EngineIoKind::Text);
    } else if (due(pong_by_) && now - *pong_by_ > own_delay && !reading_first_) {
        reading_first_ = true;
        pong_by_ = now + own_delay / 10;
    } else if (due(pong_by_)) {
        server_.metrics().hit(Limit::SocketIoPing);
        return end("ping timeout", close_packet, CloseCode::NoPong);
    }
    if (due(deadline_)) {
        deadline_.reset();
        handler_->on_deadline();
    }
    arm();
}

}  // namespace rtbridge
