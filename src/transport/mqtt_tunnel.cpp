#include "transport/mqtt_tunnel.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/random_name.h"
#include "config/in_quotes.h"
#include "listener/limit_reason.h"
#include "transport/listener_state.h"
#include "transport/user_limit.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

constexpr std::size_t record_id_characters = 10;
// The browser goes on when so much of its buffer is left: not for each packet that the broker took.
constexpr std::size_t resume_bytes = MqttTunnel::buffer_bytes / 4;
constexpr std::chrono::minutes looked_at_every{1};

std::string text_of(const BindAddress& to) {
    const bool v6 = to.host.find(':') != std::string::npos;
    return (v6 ? "[" + to.host + "]" : to.host) + ":" + std::to_string(to.port);
}

// As in Session: browsers that come together are not pinged together.
std::chrono::milliseconds phase_of(const std::string& id, std::chrono::milliseconds interval) {
    const auto half = static_cast<std::size_t>(interval.count() / 2) + 1;
    return std::chrono::milliseconds(std::hash<std::string>()(id) % half);
}

}  // namespace

MqttTunnel::MqttTunnel(ListenerState& state, WebSocket& socket, RequestFacts facts)
    : state_(state), socket_(socket), facts_(state.facts.share(std::move(facts))) {}

MqttTunnel::~MqttTunnel() {
    assert_on_listener_thread();
    MqttTunnel::on_closed();
}

std::optional<Conversation::Refusal> MqttTunnel::refuse(const SessionAccess& access) {
    if (!state_.connections.tunnel_fits()) {
        state_.metrics.hit(Limit::Connections);
        return Refusal{503, CloseCode::OverCapacity, "no sockets left for a further MQTT tunnel"};
    }
    if (!over_user_limit(access.identity(), state_.api())) return std::nullopt;
    return Refusal{
        429, CloseCode::UserConnections,
        limit_reason("connections_per_user", state_.config->limits.connections_per_user)};
}

void MqttTunnel::begin(SessionAccessPtr access) {
    // A reload may have come since the handshake.
    if (!state_.config->mqtt_tunnel) return close(CloseCode::Forbidden, "no [mqtt_tunnel]");
    to_ = state_.config->mqtt_tunnel->to;
    access_ = std::move(access);
    record_ = std::make_shared<SessionRecord>();
    sockets_ = state_.connections.enter_tunnel();
    record_->id = random_name(record_id_characters);
    record_->transport = transport();
    record_->user = access_->identity().user;
    record_->connected_at_unix_ms = state_.clock.unix_ms();
    state_.registry.add(record_, {{access_, &access_->identity()}, {}});
    state_.tunnels.add(*this);
    began_ = state_.clock.now();
    if (paused_since_) paused_since_ = began_;
    last_life_ = began_ - phase_of(record_->id, state_.config->limits.ping_interval);
    connect();
    schedule_check();
}

void MqttTunnel::connect() {
    auto link = BrokerLink::open(state_.tunnels.loop(), to_, *this);
    if (!link.ok()) return fail(link.error());
    link_ = std::move(link).value();
    if (!early_.empty()) link_->send(std::exchange(early_, {}));
}

void MqttTunnel::on_connected() {
    const Identity& who = access_->identity();
    const std::string name =
        who.user.empty() ? "a browser without login" : "user " + in_quotes(who.user);
    state_.tunnels.log().write(LogLevel::Info,
                               "rtbridge: MQTT tunnel of " + name + " from " + who.address +
                                   " is " + link_->local_address(),
                               state_.clock.now());
    schedule_check();
}

void MqttTunnel::fail(std::string_view why) {
    state_.metrics.tunnels_failed.add();
    state_.tunnels.log().write(
        LogLevel::Warning,
        "rtbridge: no MQTT tunnel to " + text_of(to_) + " ([mqtt_tunnel] to): " + std::string(why),
        state_.clock.now());
    close(CloseCode::OverCapacity, "the broker is not reachable");
}

// Bytes of the browser

void MqttTunnel::on_message(std::string_view bytes, Message kind) {
    if (closing_) return;
    on_life();
    if (kind != Message::Binary) {  // MQTT 5, 6.0
        state_.metrics.hit(Limit::BadRequests);
        return close(CloseCode::UnsupportedData, "MQTT is spoken in binary frames");
    }
    if (broker_closed_) return;
    if (link_) {
        link_->send(bytes);
    } else {
        early_ += bytes;
    }
    if (record_) record_->queue_bytes.set(waiting_bytes());
    if (!paused_since_ && waiting_bytes() > buffer_bytes) pause();
}

Conversation::MessageLimit MqttTunnel::message_limit() const {
    return {buffer_bytes, Limit::TunnelBuffer, "tunnel_buffer"};  // of no use: it streams
}

std::size_t MqttTunnel::waiting_bytes() const {
    return early_.size() + (link_ ? link_->waiting_bytes() : 0);
}

void MqttTunnel::pause() {
    state_.metrics.hit(Limit::TunnelBuffer);
    paused_since_ = state_.clock.now();
    socket_.pause_reading();
    schedule_check();
}

void MqttTunnel::resume() {
    if (!paused_since_) return;
    paused_since_.reset();
    on_life();  // it was not listened to
    socket_.resume_reading();
    schedule_check();
}

void MqttTunnel::on_sent() {
    record_->queue_bytes.set(waiting_bytes());
    if (!paused_since_) return;
    paused_since_ = state_.clock.now();
    if (waiting_bytes() <= resume_bytes) resume();
}

// Bytes of the broker

bool MqttTunnel::takes_bytes() {
    if (socket_.ready()) return true;
    link_->set_reading(false);
    socket_.request_writable();
    return false;
}

void MqttTunnel::on_broker_bytes(std::string_view bytes) {
    static thread_local std::string frame;
    frame.clear();
    append_frame_header(frame, Opcode::Binary, bytes.size());
    frame += bytes;
    record_->matched.add();
    if (socket_.write(frame) == SessionOutput::Written::No) {
        record_->dropped.add();
        closing_ = true;
        return let_go_of_broker();
    }
    record_->delivered.add();
}

void MqttTunnel::on_writable() {
    if (closing_ || !record_) return;
    if (!socket_.ready()) return socket_.request_writable();
    on_life();  // it has read
    if (broker_closed_) return close(CloseCode::Normal, "the broker closed the connection");
    if (link_) link_->set_reading(true);
}

// What it said before is on its way; the close frame follows behind.
void MqttTunnel::on_broker_closed(std::string_view why) {
    if (!link_->connected()) return fail(why);
    broker_closed_ = true;
    let_go_of_broker();
    resume();
    if (socket_.ready()) return close(CloseCode::Normal, "the broker closed the connection");
    socket_.request_writable();
}

void MqttTunnel::let_go_of_broker() {
    early_ = {};
    if (!link_) return;
    state_.tunnels.finish(std::move(link_), std::move(sockets_),
                          state_.clock.now() + state_.config->limits.handshake_timeout);
}

// Ends

void MqttTunnel::close(CloseCode code, std::string_view reason) {
    if (std::exchange(closing_, true)) return;
    let_go_of_broker();
    if (paused_since_) socket_.resume_reading();  // its close frame is waited for
    socket_.close(code, reason);
}

void MqttTunnel::on_peer_close() {
    closing_ = true;
    let_go_of_broker();
}

void MqttTunnel::on_closed() {
    closing_ = true;
    let_go_of_broker();
    state_.tunnels.remove(*this);
    sockets_ = {};
    if (!record_) return;
    state_.registry.remove(std::exchange(record_, nullptr));
}

void MqttTunnel::recheck_access() {
    if (closing_ || !access_) return;
    const auto& tunnel = state_.config->mqtt_tunnel;
    if (!tunnel) return close(CloseCode::Forbidden, "no [mqtt_tunnel] any more");
    if (!(tunnel->to == to_)) return close(CloseCode::StateReset, "[mqtt_tunnel] to has changed");
    const ApiContext context = state_.api();
    RequestFacts facts = *facts_;
    facts.peer_address = socket_.peer_address();
    if (const auto refusal = refuse_request(facts, context.config.listener, context.config.auth)) {
        return close(CloseCode::Forbidden, refusal->message);
    }
    auto visitor = renewed(access_->visitor, context.authenticator());
    if (!visitor) return close(CloseCode::Forbidden, "this login is not valid any more");
    access_ = state_.accesses.share(*std::move(visitor), context.policy());
    state_.registry.set_details(record_, {{access_, &access_->identity()}, {}});
    schedule_check();
}

// Time

void MqttTunnel::on_life() {
    last_life_ = state_.clock.now();
    pinged_at_.reset();
}

void MqttTunnel::schedule_check() {
    if (!access_) return;  // begin() will
    const LimitsConfig& limits = state_.config->limits;
    SteadyTime due = state_.clock.now() + looked_at_every;
    if (!paused_since_) {
        due = std::min(due, pinged_at_ ? *pinged_at_ + limits.ping_interval / 2
                                       : last_life_ + limits.ping_interval);
    } else {
        due = std::min(due, *paused_since_ + limits.queue.close_after);
    }
    if (link_ && !link_->connected()) due = std::min(due, began_ + limits.handshake_timeout);
    if (const auto& expires = access_->identity().expires_unix_s) {
        const std::chrono::milliseconds left(*expires * 1000 - state_.clock.unix_ms());
        due = std::min(due, state_.clock.now() + left);
    }
    state_.tunnels.schedule(*this, due);
}

void MqttTunnel::check(SteadyTime now) {
    if (closing_) return;
    const LimitsConfig& limits = state_.config->limits;
    const auto& expires = access_->identity().expires_unix_s;
    if (expires && state_.clock.unix_ms() >= *expires * 1000) {
        return close(CloseCode::TokenExpired, "token expired");
    }
    if (link_ && !link_->connected() && now - began_ >= limits.handshake_timeout) {
        return fail("no answer in " + std::to_string(limits.handshake_timeout.count()) + " ms");
    }
    if (!paused_since_) {
        check_liveness(now);
    } else if (now - *paused_since_ >= limits.queue.close_after) {
        state_.metrics.hit(Limit::QueueCloseAfter);
        return close(CloseCode::OverCapacity, "the broker does not read");
    }
    if (!closing_) schedule_check();
}

void MqttTunnel::check_liveness(SteadyTime now) {
    const auto interval = state_.config->limits.ping_interval;
    if (pinged_at_) {
        if (now - *pinged_at_ < interval / 2) return;
        state_.metrics.hit(Limit::PingInterval);
        return close(CloseCode::NoPong, "no pong");
    }
    if (now - last_life_ < interval) return;
    pinged_at_ = now;
    socket_.ping();
}

}  // namespace rtbridge
