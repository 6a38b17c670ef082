#include "transport/user_limit.h"

namespace rtbridge {

std::optional<std::uint32_t> over_user_limit(const Identity& identity, const ApiContext& context) {
    const std::uint32_t per_user_max = context.config.limits.connections_per_user;
    if (per_user_max == 0 || identity.user.empty()) return std::nullopt;
    const std::uint32_t of_user = context.sessions.registry().count_of_user(identity.user);
    if (of_user < per_user_max) return std::nullopt;
    context.metrics.hit(Limit::ConnectionsPerUser);
    return of_user + 1;
}

}  // namespace rtbridge
