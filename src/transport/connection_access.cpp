// Who a WebSocket session is: decided before the upgrade where that takes no time, and again when
// a fresh token comes or the configuration changes.

#include <libwebsockets.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "access/admission.h"
#include "listener/limit_reason.h"
#include "listener/selection_check.h"
#include "transport/api.h"
#include "transport/connection.h"
#include "transport/connection_pending.h"
#include "transport/denial.h"
#include "transport/identification.h"
#include "transport/listener_state.h"
#include "transport/lws_server.h"
#include "transport/token_renewal.h"

namespace rtbridge {
namespace {

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

HttpReply with_retry(HttpReply reply) {
    reply.headers.emplace_back("Retry-After", retry_after_s);
    return reply;
}

// libwebsockets 4.1.6 hangs up without an answer on a longer list, or name.
constexpr std::size_t subprotocols_bytes_max = 127;
constexpr std::size_t subprotocol_bytes_max = 63;

// The subprotocol rtbridge.v1 is among those offered, which libwebsockets then chooses.
bool offers_full_mode(const HttpRequest& request) {
    std::string_view list = request.subprotocols;
    if (list.size() > subprotocols_bytes_max) return false;
    bool offered = false;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view name = list.substr(0, comma);
        const std::size_t begin = std::min(name.find_first_not_of(" \t"), name.size());
        name = name.substr(begin, name.find_last_not_of(" \t") + 1 - begin);
        if (name.size() > subprotocol_bytes_max) return false;
        offered = offered || name == full_mode_subprotocol;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return offered;
}

// In full mode the selection comes in frames.
std::optional<HttpReply> refuse_query(const HttpRequest& request) {
    for (const auto& [name, value] : request.query) {
        if (name == "ticket" || name == "token") continue;  // credentials, read before
        return HttpReply::error(400, "bad_request",
                                "unknown parameter \"" + name +
                                    "\"; with rtbridge.v1 subscriptions are made by frames");
    }
    return std::nullopt;
}

// An upgrade can't wait for key files to be read again; the listener reads them within the second.
Identification without_refresh(const HttpRequest& request,
                               const ApiContext& context) ON_LISTENER_THREAD {
    const CheckedLogin unknown_key{
        Failure{LoginFailure{LoginError::UnknownKey, "the token's key is unknown"}}, 0,
        std::nullopt};
    return identify(request, context, &unknown_key);
}

}  // namespace

int Connection::on_upgrade_offer() {
    headers_read_ = true;
    // lws answers what it does not know by itself, and the header is gone then.
    const std::string offer = upgrade_offer(wsi_);
    const HttpRequest request = offer.empty() ? HttpRequest{} : next_request();
    if (offer == "websocket") {
        if (request.subprotocols.empty() || offers_full_mode(request)) return 0;
        return reply_and_close(HttpReply::error(
            400, "bad_request",
            "/ws speaks plain JSON without a subprotocol, or the subprotocol rtbridge.v1"));
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
    if (state_.draining) return with_retry(HttpReply::error(503, "unavailable", "draining"));

    const ConfigSnapshot& config = *state_.config;
    const ApiContext context = state_.api();
    if (const auto refusal = refuse_request(request.facts, config.listener, config.auth)) {
        report_refused_request(context, request.facts, refusal->message);
        return HttpReply::error(refusal->http_status, refusal->code, refusal->message);
    }
    const bool full_mode = !request.subprotocols.empty();
    if (full_mode) {
        if (auto refusal = refuse_query(request)) return refusal;
        // Credentials may come with hello.
        if (!shows_credentials(request, context)) {
            upgrade_ = std::make_shared<PendingUpgrade>(
                PendingUpgrade{.request = std::move(request), .selection = {}, .full_mode = true});
            return std::nullopt;
        }
    }
    Identification who = identify(request, context);
    std::optional<LoginCheck> check;
    if (auto* const wanted = std::get_if<LoginCheck>(&who)) {
        const bool cheap = !context.authenticator().costlier_than(config.limits.password_time);
        if (wanted->means == LoginCheck::Means::TokenAfterRefresh) {
            who = without_refresh(request, context);
        } else if (cheap) {
            const CheckedLogin checked = wanted->run();
            who = identify(request, context, &checked);
        } else {
            state_.metrics.hit(Limit::PasswordTime);
            if (state_.login_worker.full()) {
                state_.metrics.hit(Limit::LoginChecks);
                return with_retry(
                    HttpReply::error(503, "unavailable", "too many logins at this time"));
            }
            check = std::move(*wanted);
        }
    }
    if (auto* const refusal = std::get_if<HttpReply>(&who)) return std::move(*refusal);

    SessionAccessPtr access;
    if (!check) {
        access = state_.accesses.share(std::get<Visitor>(std::move(who)), context.policy());
    }
    if (full_mode) {
        upgrade_ = std::make_shared<PendingUpgrade>(
            PendingUpgrade{std::move(request), {}, true, std::move(access), std::move(check)});
        return std::nullopt;
    }
    auto selection = read_selection(request, config);
    if (!selection.ok()) {
        const SelectionRefusal& refusal = selection.error();
        if (refusal.limit) state_.metrics.hit(*refusal.limit);
        return HttpReply::error(400, refusal.limit ? "limit" : "bad_request", refusal.message);
    }
    if (access) {
        if (const auto refusal = refuse_session(*access, selection.value().selection)) {
            HttpReply reply = HttpReply::error(refusal->http_status,
                                               refusal->http_status == 429 ? "limit" : "forbidden",
                                               refusal->message);
            return refusal->http_status == 429 ? with_retry(std::move(reply)) : reply;
        }
    }
    upgrade_ = std::make_shared<PendingUpgrade>(
        PendingUpgrade{std::move(request), std::move(selection).value(), false, std::move(access),
                       std::move(check)});
    return std::nullopt;
}

std::optional<Connection::SessionRefusal> Connection::refuse_session(const SessionAccess& access,
                                                                     const Selection& selection) {
    const Identity& identity = access.identity();
    if (const auto denial = check_selection(selection, *access.grants)) {
        report_denial(state_.api(), identity, denial->what, denial->rule);
        return SessionRefusal{403, CloseCode::Forbidden, denial->message};
    }
    const std::uint32_t per_user_max = state_.config->limits.connections_per_user;
    if (per_user_max > 0 && !identity.user.empty() &&
        state_.sessions.registry().count_of_user(identity.user) >= per_user_max) {
        state_.metrics.hit(Limit::ConnectionsPerUser);
        return SessionRefusal{429, CloseCode::UserConnections,
                              limit_reason("connections_per_user", per_user_max)};
    }
    return std::nullopt;
}

void Connection::on_established() {
    lws_set_timeout(wsi_, NO_PENDING_TIMEOUT, 0);
    if (upgrade_->full_mode) {
        receiving_since_ = state_.clock.now();
        full_mode_ = std::make_shared<FullMode>(state_, *this, upgrade_->request.facts);
    }
    if (upgrade_->check) {
        check_login_of_upgrade();
    } else {
        open_session();
    }
}

void Connection::open_session() {
    const std::shared_ptr<PendingUpgrade> upgrade = std::exchange(upgrade_, nullptr);
    if (full_mode_) {
        const SessionAccessPtr& access = upgrade->access;
        return full_mode_->begin(access ? std::optional(access->visitor) : std::nullopt);
    }
    facts_ = state_.facts.share(std::move(upgrade->request.facts));
    SelectionRequest& wanted = upgrade->selection;
    session_ = &state_.sessions.open(std::move(upgrade->access), *this);
    SubscriptionRequest request;
    request.selection = std::move(wanted.selection);
    request.snapshot = wanted.snapshot;
    (void)state_.sessions.subscribe(*session_, request);
    session_->flush();
}

// The upgrade could not wait for a slow password check. The browser has a WebSocket now, on which
// nothing is sent before the check is done.
void Connection::check_login_of_upgrade() {
    const std::weak_ptr<PendingUpgrade> waiting = upgrade_;
    LoginCheck check = *std::exchange(upgrade_->check, std::nullopt);
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
    upgrade_->access = state_.accesses.share(std::move(*visitor), context.policy());
    if (full_mode_) return open_session();
    if (const auto refusal = refuse_session(*upgrade_->access, upgrade_->selection.selection)) {
        return close(refusal->close_code, refusal->message);
    }
    open_session();
}

const Selection& Connection::selection() const {
    return session_->subscriptions().front()->group->selection();
}

void Connection::on_auth_frame(const AuthFrame& frame) {
    const ApiContext context = state_.api();
    auto renewed = renew_by_token(frame.token, *session_->access(), context);
    if (!renewed.ok()) {
        answer_frame(error_reply(frame.id, renewed.error()));
        if (expired(*session_->access(), context)) {
            session_->close(CloseCode::InvalidToken, "invalid token");
        }
        return;
    }
    SessionAccessPtr access = std::move(renewed).value();
    if (const auto denial = check_selection(selection(), *access->grants)) {
        report_denial(context, access->identity(), denial->what, denial->rule);
        return session_->close(CloseCode::Forbidden, denial->message);
    }
    const std::optional<std::int64_t> ttl = ttl_s(*access, context);
    state_.sessions.change_access(*session_, std::move(access));
    answer_frame(auth_accepted(frame.id, ttl));
}

void Connection::recheck_access() {
    if (full_mode_) return full_mode_->recheck_access();
    if (session_ == nullptr || session_->closing()) return;
    const ConfigSnapshot& config = *state_.config;
    const ApiContext context = state_.api();
    RequestFacts facts = *facts_;
    facts.peer_address = peer_address_;
    if (const auto refusal = refuse_request(facts, config.listener, config.auth)) {
        return session_->close(CloseCode::Forbidden, refusal->message);
    }
    auto visitor = renewed(session_->access()->visitor, context.authenticator());
    if (!visitor) return session_->close(CloseCode::Forbidden, "this login is not valid any more");
    SessionAccessPtr access = state_.accesses.share(*std::move(visitor), context.policy());
    if (const auto denial = check_selection(selection(), *access->grants)) {
        report_denial(context, access->identity(), denial->what, denial->rule);
        return session_->close(CloseCode::Forbidden, denial->message);
    }
    state_.sessions.change_access(*session_, std::move(access));
}

}  // namespace rtbridge
