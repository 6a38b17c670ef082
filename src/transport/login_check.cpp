#include "transport/login_check.h"

#include <utility>

namespace rtbridge {

CheckedLogin LoginCheck::run() const {
    if (means == Means::TokenAfterRefresh) {
        auto mistake = authenticator->refresh_keys(now_unix_s);
        return {authenticator->by_token(secret, now_unix_s), 0, std::move(mistake)};
    }
    // The record first: a password that changes meanwhile makes the login stale, not wrong.
    const std::uint64_t record = authenticator->password_record(user);
    Login login = authenticator->by_password(user, secret);
    const bool right = login.ok();
    return {std::move(login), right ? record : 0, std::nullopt};
}

}  // namespace rtbridge
