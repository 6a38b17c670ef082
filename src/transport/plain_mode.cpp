#include "transport/plain_mode.h"

#include <utility>

#include "access/admission.h"
#include "listener/limit_reason.h"
#include "listener/selection_check.h"
#include "transport/denial.h"
#include "transport/listener_state.h"
#include "transport/token_renewal.h"
#include "transport/user_limit.h"
#include "transport/websocket_frame.h"

namespace rtbridge {

PlainMode::PlainMode(ListenerState& state, WebSocket& socket, RequestFacts facts,
                     SelectionRequest selection)
    : state_(state),
      socket_(socket),
      wanted_(std::make_unique<SelectionRequest>(std::move(selection))),
      facts_(state.facts.share(std::move(facts))) {}

const Selection& PlainMode::selection() const {
    return session_ != nullptr ? session_->subscriptions().front()->group->selection()
                               : wanted_->selection;
}

std::optional<Conversation::Refusal> PlainMode::refuse(const SessionAccess& access) {
    const ApiContext context = state_.api();
    if (const auto denial = check_selection(selection(), *access.grants)) {
        report_denial(context, access.identity(), denial->what, denial->rule);
        return Refusal{403, CloseCode::Forbidden, denial->message};
    }
    if (over_user_limit(access.identity(), context)) {
        return Refusal{
            429, CloseCode::UserConnections,
            limit_reason("connections_per_user", state_.config->limits.connections_per_user)};
    }
    return std::nullopt;
}

void PlainMode::begin(SessionAccessPtr access) {
    session_ = &state_.sessions.open(std::move(access), socket_);
    const std::unique_ptr<SelectionRequest> wanted = std::move(wanted_);
    SubscriptionRequest request;
    request.selection = std::move(wanted->selection);
    request.snapshot = wanted->snapshot;
    (void)state_.sessions.subscribe(*session_, request);
    session_->flush();
}

void PlainMode::on_message(std::string_view message, Message /*kind*/) {
    // Without a session yet, its login is being checked: what it says before that is not heard.
    if (session_ == nullptr || session_->closing() || !session_->take_request()) return;
    if (message.size() <= auth_frame_bytes_max) {
        if (const auto frame = read_auth_frame(message)) return on_auth_frame(*frame);
    }
    answer(error_reply(std::nullopt, {ErrorCode::BadRequest,
                                      "plain mode takes no requests but {\"op\":\"auth\"}"}));
    session_->on_bad_request();
}

Conversation::MessageLimit PlainMode::message_limit() const {
    return {state_.config->limits.frame_bytes, Limit::Frame, "frame"};
}

void PlainMode::answer(std::string_view text) {
    // One that does not read its answers misses them.
    if (socket_.ready()) (void)socket_.write(websocket_frame(Opcode::Text, text));
}

void PlainMode::on_auth_frame(const AuthFrame& frame) {
    const ApiContext context = state_.api();
    auto renewed = renew_by_token(frame.token, *session_->access(), context);
    if (!renewed.ok()) {
        answer(error_reply(frame.id, renewed.error()));
        if (expired(*session_->access(), context)) {
            session_->close(CloseCode::InvalidToken, "invalid token");
        }
        return;
    }
    SessionAccessPtr access = std::move(renewed).value();
    const std::optional<std::int64_t> ttl = ttl_s(*access, context);
    if (adopt(std::move(access))) answer(auth_accepted(frame.id, ttl));
}

bool PlainMode::adopt(SessionAccessPtr access) {
    if (const auto denial = check_selection(selection(), *access->grants)) {
        report_denial(state_.api(), access->identity(), denial->what, denial->rule);
        session_->close(CloseCode::Forbidden, denial->message);
        return false;
    }
    state_.sessions.change_access(*session_, std::move(access));
    return true;
}

void PlainMode::recheck_access() {
    if (session_ == nullptr || session_->closing()) return;
    const ApiContext context = state_.api();
    RequestFacts facts = *facts_;
    facts.peer_address = socket_.peer_address();
    if (const auto refusal = refuse_request(facts, context.config.listener, context.config.auth)) {
        return session_->close(CloseCode::Forbidden, refusal->message);
    }
    auto visitor = renewed(session_->access()->visitor, context.authenticator());
    if (!visitor) return session_->close(CloseCode::Forbidden, "this login is not valid any more");
    adopt(state_.accesses.share(*std::move(visitor), context.policy()));
}

void PlainMode::on_life() {
    if (session_ != nullptr) session_->on_life();
}

void PlainMode::on_writable() {
    if (session_ != nullptr) session_->on_writable();
}

void PlainMode::on_peer_close() {
    if (session_ != nullptr) session_->abandon();
}

void PlainMode::on_closed() {
    if (session_ != nullptr) state_.sessions.remove(*std::exchange(session_, nullptr));
}

void PlainMode::close(CloseCode code, std::string_view reason) {
    if (session_ != nullptr) return session_->close(code, reason);
    socket_.close(code, reason);
}

}  // namespace rtbridge
