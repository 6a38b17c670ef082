#include "transport/identification.h"

#include <chrono>
#include <optional>
#include <utility>

#include "access/admission.h"
#include "transport/credentials.h"
#include "transport/denial.h"

namespace rtbridge {
namespace {

using Kind = Credentials::Kind;

const std::string& address_of(const HttpRequest& request) {
    return request.facts.client_address;
}

Visitor at_address(Visitor visitor, const HttpRequest& request) {
    visitor.identity.address = address_of(request);
    return visitor;
}

HttpReply too_many_failures(const ApiContext& context, std::chrono::milliseconds wait) {
    context.metrics.hit(Limit::LoginsPerMinute);
    HttpReply reply =
        HttpReply::error(429, "limit", "too many failed logins from this address; try later");
    reply.headers.emplace_back(
        "Retry-After", std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
    return reply;
}

void count_failure(const LoginFailure& failure, const std::string& address,
                   const ApiContext& context) {
    if (failure.error != LoginError::BadCredentials) return;
    context.logins.throttle.failed(address, context.config.limits.logins_per_minute,
                                   context.clock.now());
}

Identification anonymous(const HttpRequest& request, const ApiContext& context) {
    auto identity = context.authenticator().anonymous();
    if (identity) return at_address({*std::move(identity), 0}, request);
    return unauthorized(request, context, "unauthorized",
                        "this needs a login: auth.anonymous is \"deny\"");
}

HttpReply refuse_token(const HttpRequest& request, const ApiContext& context,
                       const LoginFailure& failure) {
    report_refused_login(context, "", address_of(request), failure.reason);
    switch (failure.error) {
        case LoginError::TokenExpired:
            return unauthorized(request, context, "token_expired", "the token has expired");
        case LoginError::NotInUse:
            return unauthorized(request, context, "unauthorized", "tokens are not in use here");
        case LoginError::UnknownKey: {
            HttpReply reply = unauthorized(request, context, "unauthorized",
                                           "the token's key is not known here yet; try again");
            reply.headers.emplace_back("Retry-After", "10");
            return reply;
        }
        default:
            return unauthorized(request, context, "unauthorized", "the token is not valid here");
    }
}

Identification identify_by_token(const std::string& token, const HttpRequest& request,
                                 const ApiContext& context, const CheckedLogin* checked) {
    const std::int64_t now_s = context.now_unix_s();
    Login login =
        checked != nullptr ? checked->login : context.authenticator().by_token(token, now_s);
    if (login.ok()) {
        context.metrics.logins.add();
        return at_address({std::move(login).value(), 0}, request);
    }
    const bool keys_may_have_come = checked == nullptr &&
                                    login.error().error == LoginError::UnknownKey &&
                                    context.authenticator().keys_refresh_due(now_s);
    if (!keys_may_have_come) return refuse_token(request, context, login.error());
    return LoginCheck{LoginCheck::Means::TokenAfterRefresh, "", token,
                      context.config.access->authenticator, now_s};
}

// Of a ticket or of a login's cookie: who it stands for may be gone since, or the token of whoever
// got it has expired.
std::optional<Visitor> still_valid(std::optional<SecretStore::Issued> issued,
                                   const ApiContext& context) {
    if (!issued) return std::nullopt;
    const std::optional<std::int64_t>& expires = issued->identity.expires_unix_s;
    if (expires && *expires <= context.now_unix_s()) return std::nullopt;
    return renewed({std::move(issued->identity), issued->password_record}, context.authenticator());
}

Identification identify_by_ticket(const std::string& ticket, const HttpRequest& request,
                                  const ApiContext& context) {
    auto visitor = still_valid(context.logins.tickets.redeem(ticket, context.clock.now()), context);
    if (visitor) return at_address(*std::move(visitor), request);
    report_refused_login(context, "", address_of(request), "unknown, used or expired ticket");
    return unauthorized(request, context, "unauthorized",
                        "the ticket is unknown, used up or expired");
}

// What the cookie holds is the secret of a login, or the token of an identity provider.
Identification identify_by_cookie(const std::string& value, const HttpRequest& request,
                                  const ApiContext& context, const CheckedLogin* checked) {
    if (const auto refusal =
            refuse_cookie(request.facts, context.config.listener, request.sec_fetch_site,
                          request.method == HttpMethod::Post)) {
        report_refused_request(context, request.facts, refusal->message);
        return HttpReply::error(refusal->http_status, refusal->code, refusal->message);
    }
    auto visitor = still_valid(context.logins.logins.find(value, context.clock.now()), context);
    if (visitor) return at_address(*std::move(visitor), request);

    const bool may_be_token = value.find('.') != std::string::npos;
    if (may_be_token && context.authenticator().takes_tokens()) {
        Identification by_token = identify_by_token(value, request, context, checked);
        auto* const refusal = std::get_if<HttpReply>(&by_token);
        if (refusal != nullptr && !refusal->has_header("Retry-After")) {
            set_cookie(*refusal, context, "");
        }
        return by_token;
    }
    HttpReply reply = unauthorized(request, context, "token_expired", "the login has ended");
    set_cookie(reply, context, "");
    return reply;
}

}  // namespace

bool shows_credentials(const HttpRequest& request, const ApiContext& context) {
    const std::optional<AuthConfig>& auth = context.config.auth;
    const auto read =
        read_credentials(request, auth ? auth->cookie : "", auth && auth->token_in_url);
    if (!read.ok()) return true;
    return read.value().kind == Kind::Ticket || (auth && read.value().kind != Kind::None);
}

Identification identify(const HttpRequest& request, const ApiContext& context,
                        const CheckedLogin* checked) {
    const std::optional<AuthConfig>& auth = context.config.auth;
    const auto read =
        read_credentials(request, auth ? auth->cookie : "", auth && auth->token_in_url);
    if (!read.ok()) {
        const CredentialsRefusal& refusal = read.error();
        if (refusal.http_status != 401) {
            return HttpReply::error(refusal.http_status, "bad_request", refusal.message);
        }
        report_refused_login(context, "", address_of(request), refusal.message);
        return unauthorized(request, context, "unauthorized", refusal.message);
    }
    const Credentials& shown = read.value();
    // Without [auth] nothing can be proven and nothing needs to be, but tickets are ours.
    if (!auth && shown.kind != Kind::Ticket) return anonymous(request, context);
    switch (shown.kind) {
        case Kind::Token:
            return identify_by_token(shown.secret, request, context, checked);
        case Kind::Password:
            return identify_by_password(shown.user, shown.secret, request, context, checked);
        case Kind::Ticket:
            return identify_by_ticket(shown.secret, request, context);
        case Kind::Cookie:
            return identify_by_cookie(shown.secret, request, context, checked);
        case Kind::None:
            break;
    }
    return anonymous(request, context);
}

Identification identify_by_password(const std::string& user, const std::string& password,
                                    const HttpRequest& request, const ApiContext& context,
                                    const CheckedLogin* checked) {
    const Authenticator& authenticator = context.authenticator();
    const std::string& address = address_of(request);
    const SteadyTime now = context.clock.now();
    const std::uint64_t record = authenticator.password_record(user);
    if (checked == nullptr) {
        if (!authenticator.takes_passwords()) {
            return unauthorized(request, context, "unauthorized", "passwords are not in use here");
        }
        // Before the cache is asked, which would tell right from wrong to whoever has to wait.
        const std::chrono::milliseconds wait = context.logins.throttle.wait(address, now);
        if (wait.count() > 0) return too_many_failures(context, wait);
        if (context.passwords.contains(user, password, record, now)) {
            return at_address({authenticator.named(user), record}, request);
        }
        return LoginCheck{LoginCheck::Means::Password, user, password,
                          context.config.access->authenticator, context.now_unix_s()};
    }
    if (!checked->login.ok()) {
        const LoginFailure& failure = checked->login.error();
        count_failure(failure, address, context);
        report_refused_login(context, user, address, failure.reason);
        return unauthorized(request, context, "unauthorized", "unknown user or wrong password");
    }
    if (record == 0 || record != checked->password_record) {
        return unauthorized(request, context, "unauthorized", "the password has just changed");
    }
    context.logins.throttle.succeeded(address);
    context.passwords.add(user, password, record, now);
    context.metrics.logins.add();
    return at_address({authenticator.named(user), record}, request);
}

void count_unheard(const CheckedLogin& checked, const std::string& address,
                   const ApiContext& context) {
    if (checked.login.ok()) return;
    count_failure(checked.login.error(), address, context);
    report_refused_login(context, "", address, checked.login.error().reason);
}

HttpReply unauthorized(const HttpRequest& request, const ApiContext& context, std::string_view code,
                       std::string_view message) {
    const bool passwords = context.authenticator().takes_passwords();
    HttpReply reply = HttpReply::error(401, code, message);
    if (passwords) {
        reply.body.pop_back();
        reply.body += R"(,"login":true})";
    }
    reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"rtbridge\"");
    // A script's request must not make the browser ask for a password in a window of its own.
    const bool navigates = request.sec_fetch_mode.empty() || request.sec_fetch_mode == "navigate";
    if (passwords && navigates) {
        reply.headers.emplace_back("WWW-Authenticate",
                                   "Basic realm=\"rtbridge\", charset=\"UTF-8\"");
    }
    return reply;
}

void set_cookie(HttpReply& reply, const ApiContext& context, std::string_view secret) {
    const std::optional<AuthConfig>& auth = context.config.auth;
    if (!auth) return;
    const std::chrono::seconds age =
        secret.empty() ? std::chrono::seconds(0) : context.logins.logins.lifetime();
    std::string cookie = auth->cookie + "=";
    cookie += secret;
    cookie += "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(age.count());
    if (context.config.tls != nullptr) cookie += "; Secure";
    reply.headers.emplace_back("Set-Cookie", std::move(cookie));
}

}  // namespace rtbridge
