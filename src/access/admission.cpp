#include "access/admission.h"

#include "access/origin.h"

namespace rtbridge {

std::optional<Refusal> refuse_request(const RequestFacts& facts, const ListenerConfig& listener,
                                      const std::optional<AuthConfig>& auth) {
    if (!origin_allowed(facts.origin, facts.host, listener.origins)) {
        return Refusal{403, "forbidden", "this origin is not in listener.origins"};
    }
    if (auth) {
        if (auth->anonymous_role) return std::nullopt;
        return Refusal{401, "unauthorized", "auth.anonymous is \"deny\""};
    }
    const bool loopback = listener.bind.loopback() && is_loopback_name(facts.peer_address) &&
                          is_loopback_name(host_name(facts.host)) && !facts.forwarded;
    if (loopback) return std::nullopt;
    return Refusal{
        403, "forbidden",
        "without an [auth] section only loopback requests to a loopback name are served"};
}

}  // namespace rtbridge
