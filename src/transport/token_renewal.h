#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/thread_role.h"
#include "listener/session_access.h"
#include "transport/api_context.h"
#include "transport/request_error.h"

namespace rtbridge {

// What to answer to a token that came in a frame and proves nothing.
[[nodiscard]] RequestError refused_token(const LoginFailure& failure);

// The access of a session after a fresh token, which has to be of the same user. What is refused is
// counted and logged.
[[nodiscard]] Result<SessionAccessPtr, RequestError> renew_by_token(
    const std::string& token, const SessionAccess& current,
    const ApiContext& context) ON_LISTENER_THREAD;

// Seconds until it expires; nothing: never.
[[nodiscard]] std::optional<std::int64_t> ttl_s(const SessionAccess& access,
                                                const ApiContext& context);
[[nodiscard]] bool expired(const SessionAccess& access, const ApiContext& context);

}  // namespace rtbridge
