#include "transport/token_renewal.h"

#include <utility>

#include "transport/denial.h"

namespace rtbridge {

RequestError refused_token(const LoginFailure& failure) {
    if (failure.error == LoginError::TokenExpired) {
        return {ErrorCode::TokenExpired, "the token has expired"};
    }
    return {ErrorCode::Unauthorized, "the token is not valid here",
            failure.error == LoginError::UnknownKey};
}

Result<SessionAccessPtr, RequestError> renew_by_token(const std::string& token,
                                                      const SessionAccess& current,
                                                      const ApiContext& context) {
    const Identity& before = current.identity();
    Login login = context.authenticator().by_token(token, context.now_unix_s());
    if (!login.ok()) {
        report_refused_login(context, before.user, before.address, login.error().reason);
        return Failure{refused_token(login.error())};
    }
    context.metrics.logins.add();
    Visitor visitor{std::move(login).value(), 0};
    visitor.identity.address = before.address;
    if (visitor.identity.user != before.user) {
        report_denial(context, before, "a token of another user", nullptr);
        return Failure{
            RequestError{ErrorCode::Forbidden, "the token is of another user: connect anew"}};
    }
    return context.accesses.share(std::move(visitor), context.policy());
}

std::optional<std::int64_t> ttl_s(const SessionAccess& access, const ApiContext& context) {
    std::optional<std::int64_t> left = access.identity().expires_unix_s;
    if (left) *left -= context.now_unix_s();
    return left;
}

bool expired(const SessionAccess& access, const ApiContext& context) {
    const std::optional<std::int64_t> left = ttl_s(access, context);
    return left && *left <= 0;
}

}  // namespace rtbridge
