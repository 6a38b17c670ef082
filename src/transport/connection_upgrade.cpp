// From the handshake of a WebSocket to its conversation: decided before the upgrade where that
// takes no time, else as soon as it is known who the browser is.

#include <libwebsockets.h>

#include <utility>
#include <variant>

#include "access/admission.h"
#include "transport/connection.h"
#include "transport/connection_pending.h"
#include "transport/identification.h"
#include "transport/listener_state.h"
#include "transport/retry_after.h"

namespace rtbridge {

int Connection::on_upgrade_offer() {
    headers_read_ = true;
    leave_peer();
    // lws answers what it does not know by itself, and the header is gone then.
    const std::string offer = upgrade_offer(wsi_);
    const HttpRequest request = offer.empty() ? HttpRequest{} : next_request();
    if (offer == "websocket") {
        if (request.subprotocols.empty() || offers_known_subprotocol(request)) return 0;
        return reply_and_close(HttpReply::error(
            400, "bad_request",
            "/ws speaks plain JSON without a subprotocol, or the subprotocol rtbridge.v1; "
            "MQTT has the subprotocol mqtt"));
    }
    if (offer != "h2c") return -1;
    // An offer of HTTP/2 may be ignored (RFC 9110, 7.8).
    if (const auto refusal = refuse_at_once(request)) return reply_and_close(*refusal);
    const Answer answered = answer(request, state_.api());
    if (const auto* const reply = std::get_if<HttpReply>(&answered)) return reply_and_close(*reply);
    return reply_and_close(
        with_retry(HttpReply::error(503, "unavailable", "not together with an Upgrade header")));
}

int Connection::on_upgrade() {
    HttpRequest request = next_request();
    if (const auto refusal = refuse_at_once(request)) return reply_and_close(*refusal);
    auto accepted = accept_upgrade(request, *this, state_);
    if (!accepted.ok()) return reply_and_close(accepted.error());
    upgrade_ = std::make_shared<PendingUpgrade>(
        PendingUpgrade{std::move(request), std::move(accepted).value()});
    return 0;
}

void Connection::on_established() {
    lws_set_timeout(wsi_, NO_PENDING_TIMEOUT, 0);
    websocket_ = true;
    receiving_since_ = state_.clock.now();
    conversation_ = upgrade_->accepted.conversation;
    if (upgrade_->accepted.check) {
        check_login_of_upgrade();
    } else {
        begin_conversation();
    }
}

void Connection::begin_conversation() {
    const std::shared_ptr<PendingUpgrade> upgrade = std::exchange(upgrade_, nullptr);
    conversation_->begin(std::move(upgrade->accepted.access));
}

// The upgrade could not wait for a slow password check. The browser has a WebSocket now, on which
// nothing is sent before the check is done.
void Connection::check_login_of_upgrade() {
    const std::weak_ptr<PendingUpgrade> waiting = upgrade_;
    LoginCheck check = *std::exchange(upgrade_->accepted.check, std::nullopt);
    const bool started = state_.login_worker.start(
        std::move(check),
        [this, waiting, &state = state_,
         address = upgrade_->request.facts.client_address](const CheckedLogin& checked) {
            assert_on_listener_thread();
            // Where it has expired `this` may be gone.
            if (waiting.expired() || dead_ || close_request_) {
                count_unheard(checked, address, state.api());
            } else {
                on_login_of_upgrade(checked);
            }
        });
    if (!started) close(CloseCode::RateLimited, "limit=login_checks");
}

void Connection::on_login_of_upgrade(const CheckedLogin& checked) {
    if (state_.draining) return close(CloseCode::Shutdown, "shutdown");
    const ConfigSnapshot& config = *state_.config;
    const ApiContext context = state_.api();
    const HttpRequest& request = upgrade_->request;
    Identification who = identify(request, context, &checked);
    auto* const visitor = std::get_if<Visitor>(&who);
    if (visitor == nullptr) return close(CloseCode::InvalidToken, "unknown user or wrong password");
    if (const auto refusal = refuse_request(request.facts, config.listener, config.auth)) {
        return close(CloseCode::Forbidden, refusal->message);
    }
    SessionAccessPtr access = state_.accesses.share(std::move(*visitor), context.policy());
    if (const auto refusal = conversation_->refuse(*access)) {
        return close(refusal->close_code, refusal->message);
    }
    upgrade_->accepted.access = std::move(access);
    begin_conversation();
}

}  // namespace rtbridge
