#include "access/visitor.h"

#include <utility>

namespace rtbridge {

std::optional<Visitor> renewed(const Visitor& visitor, const Authenticator& authenticator) {
    const Identity& before = visitor.identity;
    const auto with = [&](Identity identity) {
        identity.address = before.address;
        identity.expires_unix_s = before.expires_unix_s;
        return Visitor{std::move(identity), visitor.password_record};
    };
    if (visitor.anonymous()) {
        auto anonymous = authenticator.anonymous();
        if (!anonymous) return std::nullopt;
        return with(*std::move(anonymous));
    }
    if (visitor.password_record != 0) {
        if (authenticator.password_record(before.user) != visitor.password_record) {
            return std::nullopt;
        }
        return with(authenticator.named(before.user));
    }
    if (!authenticator.takes_tokens()) return std::nullopt;
    // A token is valid by itself until it expires.
    return Visitor{authenticator.with_todays_roles(before), 0};
}

}  // namespace rtbridge
