// Who a session of rtbridge.v1 is: by the token of hello, by what the upgrade showed, or nobody in
// particular.

#include <nlohmann/json.hpp>
#include <utility>

#include "listener/limit_reason.h"
#include "transport/denial.h"
#include "transport/full_mode.h"
#include "transport/identification.h"
#include "transport/listener_state.h"
#include "transport/token_renewal.h"
#include "transport/user_limit.h"

namespace rtbridge {
namespace {

using nlohmann::ordered_json;

ordered_json limits_json(const LimitsConfig& limits) {
    return {{"frame", limits.frame_bytes},
            {"subscriptions", limits.subscriptions},
            {"requests_per_second", limits.requests_per_second},
            {"queue", {{"soft", limits.queue.soft_bytes}, {"hard", limits.queue.hard_bytes}}}};
}

// Seconds; whole ones without a point.
ordered_json seconds(std::chrono::milliseconds time) {
    if (time.count() % 1000 == 0) return time.count() / 1000;
    return static_cast<double>(time.count()) / 1000;
}

}  // namespace

void FullMode::on_request(std::uint32_t id, HelloRequest& hello) {
    if (session_ != nullptr) {
        return deny(id, {ErrorCode::Already, "hello comes first, and once"});
    }
    batching_ = hello.batching;
    // Without [auth] nothing can be proven and nothing needs to be.
    if (!hello.token || !state_.config->auth) {
        if (open(id, visitor_of_upgrade())) welcome(id);
        return;
    }
    const ApiContext context = state_.api();
    const std::int64_t now_s = context.now_unix_s();
    const Login login = context.authenticator().by_token(*hello.token, now_s);
    const bool keys_may_have_come = !login.ok() && login.error().error == LoginError::UnknownKey &&
                                    context.authenticator().keys_refresh_due(now_s);
    if (keys_may_have_come) return refresh_keys_for(id, *hello.token);
    on_proof(id, login);
}

// Reading key files may take long, so it is done beside the loop.
void FullMode::refresh_keys_for(std::uint32_t id, const std::string& token) {
    const ApiContext context = state_.api();
    const bool started =
        state_.login_worker.start({LoginCheck::Means::TokenAfterRefresh, "", token,
                                   context.config.access->authenticator, context.now_unix_s()},
                                  [weak = weak_from_this(), id, &state = state_,
                                   address = facts_.client_address](const CheckedLogin& checked) {
                                      assert_on_listener_thread();
                                      const std::shared_ptr<FullMode> self = weak.lock();
                                      if (!self || self->closing())
                                          return count_unheard(checked, address, state.api());
                                      self->on_proof(id, checked.login);
                                      self->take_held();
                                  });
    if (!started) {
        return refuse_and_close(id, {ErrorCode::Unavailable, "too many logins at this time", true},
                                CloseCode::OverCapacity, "limit=login_checks");
    }
    identifying_ = true;
}

void FullMode::on_proof(std::uint32_t id, const Login& login) {
    const ApiContext context = state_.api();
    if (!login.ok()) {
        const LoginFailure& failure = login.error();
        report_refused_login(context, "", facts_.client_address, failure.reason);
        return refuse_and_close(
            id, refused_token(failure), CloseCode::InvalidToken,
            failure.error == LoginError::TokenExpired ? "token expired" : "invalid token");
    }
    context.metrics.logins.add();
    Visitor visitor{login.value(), 0};
    visitor.identity.address = facts_.client_address;
    if (open(id, std::move(visitor))) welcome(id);
}

// As the running configuration sees it.
std::optional<Visitor> FullMode::visitor_of_upgrade() const {
    const Authenticator& authenticator = *state_.config->access->authenticator;
    if (shown_) return renewed(*shown_, authenticator);
    auto anonymous = authenticator.anonymous();
    if (!anonymous) return std::nullopt;
    Visitor visitor{*std::move(anonymous), 0};
    visitor.identity.address = facts_.client_address;
    return visitor;
}

bool FullMode::open(std::uint32_t id, std::optional<Visitor> visitor) {
    const ConfigSnapshot& config = *state_.config;
    const ApiContext context = state_.api();
    const auto refused = [&](const RequestError& error, CloseCode code, std::string_view reason) {
        assert_on_listener_thread();
        refuse_and_close(id, error, code, reason);
        return false;
    };
    if (state_.draining) {
        return refused({ErrorCode::Unavailable, "draining", true}, CloseCode::Shutdown, "shutdown");
    }
    if (const auto refusal = refuse_request(facts_, config.listener, config.auth)) {
        report_refused_request(context, facts_, refusal->message);
        return refused({ErrorCode::Forbidden, refusal->message}, CloseCode::Forbidden,
                       refusal->message);
    }
    if (!visitor) {
        const std::string reason = shown_ ? "this login is not valid any more"
                                          : "no token, and auth.anonymous is \"deny\"";
        report_refused_login(context, "", facts_.client_address, reason);
        return refused(
            {ErrorCode::Unauthorized, shown_ ? reason : "this needs a login: hello with a token"},
            CloseCode::InvalidToken, reason);
    }
    if (const auto of_user = over_user_limit(visitor->identity, context)) {
        const std::uint32_t per_user_max = config.limits.connections_per_user;
        RequestError error{ErrorCode::Limit, "this user has too many connections"};
        error.which = "connections_per_user";
        error.value = *of_user;
        error.maximum = per_user_max;
        return refused(error, CloseCode::UserConnections,
                       limit_reason("connections_per_user", per_user_max, *of_user));
    }
    session_ = &state_.sessions.open(state_.accesses.share(*std::move(visitor), context.policy()),
                                     output_);
    return true;
}

void FullMode::welcome(std::uint32_t id) {
    const ApiContext context = state_.api();
    const SessionAccess& access = *session_->access();
    const Identity& identity = access.identity();
    const LimitsConfig& limits = state_.config->limits;
    const std::optional<std::int64_t> ttl = ttl_s(access, context);
    const ordered_json ok = {
        {"session", session_->id()},
        {"user", identity.user.empty() ? ordered_json(nullptr) : ordered_json(identity.user)},
        {"roles", identity.roles},
        {"epoch", state_.sessions.epoch()},
        {"offset", state_.sessions.values().newest_offset()},
        {"ping", seconds(limits.ping_interval)},
        {"ttl", ttl ? ordered_json(*ttl) : ordered_json(nullptr)},
        {"now", state_.clock.unix_ms()},
        {"features", batching_ == Batching::On ? ordered_json{"batch"} : ordered_json::array()},
        {"limits", limits_json(limits)}};
    accept(id, ok.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

void FullMode::refuse_and_close(std::uint32_t id, const RequestError& error, CloseCode code,
                                std::string_view reason) {
    deny(id, error);
    close(code, reason);
}

}  // namespace rtbridge
