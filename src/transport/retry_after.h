#pragma once

#include <utility>

#include "transport/http_reply.h"

namespace rtbridge {

inline constexpr const char* retry_after_s = "5";

// For refusals that pass: when to come back (RFC 9110, 10.2.3).
inline HttpReply with_retry(HttpReply reply) {
    reply.headers.emplace_back("Retry-After", retry_after_s);
    return reply;
}

}  // namespace rtbridge
