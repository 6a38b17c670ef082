#include "transport/full_mode.h"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include "listener/limit_reason.h"
#include "transport/goodbye.h"
#include "transport/listener_state.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

constexpr int violations_max = 3;

}  // namespace

FullMode::FullMode(ListenerState& state, SessionOutput& output, RequestFacts facts)
    : state_(state),
      output_(output),
      facts_(std::move(facts)),
      requests_(state.clock.now()),
      probed_at_(state.clock.now()) {}

void FullMode::begin(SessionAccessPtr shown) {
    if (shown) shown_ = shown->visitor;
    take_held();
}

void FullMode::on_message(std::string_view message, Message kind) {
    if (kind == Message::Binary) return on_binary();
    on_text(message);
}

Conversation::MessageLimit FullMode::message_limit() const {
    return {state_.config->limits.frame_bytes, Limit::Frame, "frame"};
}

void FullMode::on_life() {
    if (session_ != nullptr) session_->on_life();
}

void FullMode::on_writable() {
    if (session_ != nullptr) session_->on_writable();
}

void FullMode::on_peer_close() {
    if (session_ != nullptr) session_->abandon();
}

void FullMode::on_text(std::string_view text) {
    if (closing()) return;
    if (identifying_) return hold(text);
    try {
        read(text);
    } catch (const std::exception&) {  // out of memory: this session ends, the others go on
        state_.metrics.listener_errors.add();
        close(CloseCode::Internal, "internal");
    }
}

void FullMode::read(std::string_view text) {
    auto message = read_full_mode_message(text, state_.frame_document);
    state_.frame_document.trim();
    if (!message.ok()) return on_mistake(message.error());
    if (const auto* const answer = std::get_if<ProbeAnswer>(&message.value())) {
        return on_probe_answer(*answer);
    }
    auto& request = std::get<FullModeRequest>(message.value());
    if (!take_request(request.id)) return;
    const bool hello = std::holds_alternative<HelloRequest>(request.wanted);
    if (!hello && session_ == nullptr && !open(request.id, visitor_of_upgrade())) return;
    std::visit(
        [this, id = request.id](auto& wanted) {
            assert_on_listener_thread();
            on_request(id, wanted);
        },
        request.wanted);
}

void FullMode::on_binary() {
    if (closing() || !take_request(std::nullopt)) return;
    on_violation({ErrorCode::BadRequest, "rtbridge.v1 is spoken in text frames"});
}

// What a browser sends before the answer to its login; as much as one frame may have.
void FullMode::hold(std::string_view text) {
    const std::size_t bytes_max = state_.config->limits.frame_bytes;
    held_bytes_ += text.size() + sizeof(std::string);
    if (held_bytes_ > bytes_max) {
        state_.metrics.hit(Limit::Frame);
        return close(CloseCode::RateLimited, limit_reason("frame", bytes_max, held_bytes_));
    }
    held_.emplace_back(text);
}

void FullMode::take_held() {
    identifying_ = false;
    held_bytes_ = 0;
    for (const std::string& text : std::exchange(held_, {})) on_text(text);
}

void FullMode::on_mistake(const RequestMistake& mistake) {
    if (!take_request(mistake.id)) return;
    if (!mistake.object) return on_violation(mistake.error);
    deny(mistake.id, mistake.error);
}

void FullMode::on_violation(const RequestError& error) {
    state_.metrics.hit(Limit::BadRequests);
    deny(std::nullopt, error);
    if (++violations_ < violations_max) return;
    close(CloseCode::ProtocolError, limit_reason("bad_requests", violations_max, violations_));
}

// False: too often, and answered. One that goes on as if it had not been told is closed.
bool FullMode::take_request(std::optional<std::uint32_t> id) {
    const std::uint32_t per_second = std::max(state_.config->limits.requests_per_second, 1U);
    if (requests_.take(per_second, state_.clock.now())) {
        refused_in_a_row_ = 0;
        return true;
    }
    state_.metrics.hit(Limit::RequestsPerSecond);
    RequestError error{ErrorCode::Rate, "limits.requests_per_second is reached", true};
    error.after_ms = std::max<std::int64_t>(1000 / per_second, 1);
    deny(id, error);
    const std::uint32_t burst = 2 * per_second;
    if (++refused_in_a_row_ >= 2 * burst) {
        close(CloseCode::RateLimited,
              limit_reason("requests_per_second", per_second, burst + refused_in_a_row_));
    }
    return false;
}

std::string FullMode::probe() {
    probe_unix_ms_ = state_.clock.unix_ms();
    probed_at_ = state_.clock.now();
    return websocket_frame(Opcode::Text, "{\"p\":" + std::to_string(probe_unix_ms_) + '}');
}

void FullMode::on_probe_answer(ProbeAnswer answer) {
    if (probe_unix_ms_ == 0 || answer.unix_ms != probe_unix_ms_) return;
    probe_unix_ms_ = 0;
    round_trip_ms_ =
        std::chrono::duration_cast<std::chrono::milliseconds>(state_.clock.now() - probed_at_)
            .count();
}

void FullMode::close(CloseCode code, std::string_view reason) {
    if (session_ != nullptr) return session_->close(code, reason);
    if (std::exchange(closed_, true)) return;
    output_.close(code, reason);
}

void FullMode::on_closed() {
    closed_ = true;
    if (session_ != nullptr) state_.sessions.remove(*std::exchange(session_, nullptr));
}

const WireShape& FullMode::shape(std::uint32_t subscription) const {
    return state_.full_mode_shapes.of(subscription, batching_);
}

std::string FullMode::last_word(CloseCode code, std::string_view reason) const {
    const std::size_t sessions = state_.sessions.registry().size();
    return websocket_frame(Opcode::Text,
                           goodbye(code, reason, retry_window(code, sessions, draw_lot())));
}

void FullMode::send(std::string_view text) {
    const std::string frame = websocket_frame(Opcode::Text, text);
    if (session_ != nullptr) {
        session_->send(frame);
    } else if (output_.ready()) {
        (void)output_.write(frame);
    }
}

void FullMode::accept(std::uint32_t id, std::string_view body) {
    send("{\"re\":" + std::to_string(id) + ",\"ok\":" + std::string(body) + '}');
}

void FullMode::deny(std::optional<std::uint32_t> id, const RequestError& error) {
    send(error_reply(id, error));
}

}  // namespace rtbridge
