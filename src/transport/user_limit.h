#pragma once

#include <cstdint>
#include <optional>

#include "access/identity.h"
#include "transport/api_context.h"

namespace rtbridge {

// Whether a further session of this user would be over limits.connections_per_user, which then is
// counted: how many there would be. Nobody's sessions (the anonymous ones) are not limited.
[[nodiscard]] std::optional<std::uint32_t> over_user_limit(const Identity& identity,
                                                           const ApiContext& context);

}  // namespace rtbridge
