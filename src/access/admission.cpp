#include "access/admission.h"

#include <algorithm>

#include "access/origin.h"

namespace rtbridge {
namespace {

// The name under which a page was loaded shows in Host, whatever address it was led to.
bool host_expected(const RequestFacts& facts, const ListenerConfig& listener) {
    if (!listener.bind.loopback() || facts.trusted_proxy) return true;
    const std::string name = host_name(facts.host);
    return is_loopback_name(name) || std::any_of(listener.origins.begin(), listener.origins.end(),
                                                 [&name](const std::string& origin) {
                                                     return origin == "*" ||
                                                            name == origin_host(origin);
                                                 });
}

}  // namespace

std::optional<Refusal> refuse_request(const RequestFacts& facts, const ListenerConfig& listener,
                                      const std::optional<AuthConfig>& auth) {
    if (!origin_allowed(facts.origin, facts.host, listener.origins)) {
        return Refusal{403, "forbidden", "this origin is not in listener.origins"};
    }
    if (auth) {
        if (!host_expected(facts, listener)) {
            return Refusal{403, "forbidden",
                           "Host is no name of this machine, and bind is loopback: name the page "
                           "in listener.origins or the proxy in listener.trusted_proxies"};
        }
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
