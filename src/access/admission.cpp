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

bool is_loopback_request(const RequestFacts& facts, const ListenerConfig& listener) {
    return listener.bind.loopback() && is_loopback_name(facts.peer_address) &&
           is_loopback_name(host_name(facts.host)) && !facts.forwarded &&
           !facts.trusted_proxy &&  // some add no header at all
           origin_allowed(facts.origin, facts.host, {});
}

std::optional<Refusal> refuse_request(const RequestFacts& facts, const ListenerConfig& listener,
                                      const std::optional<AuthConfig>& auth) {
    if (!origin_allowed(facts.origin, facts.host, listener.origins)) {
        return Refusal{403, "forbidden", "this origin is not in listener.origins"};
    }
    if (auth) {
        if (host_expected(facts, listener)) return std::nullopt;
        return Refusal{403, "forbidden",
                       "Host is no name of this machine, and bind is loopback: name the page "
                       "in listener.origins or the proxy in listener.trusted_proxies"};
    }
    // The operator may have named an origin, so the page itself may be of another site.
    RequestFacts without_origin = facts;
    without_origin.origin.reset();
    if (is_loopback_request(without_origin, listener)) return std::nullopt;
    return Refusal{
        403, "forbidden",
        "without an [auth] section only loopback requests to a loopback name are served"};
}

bool origin_named(const RequestFacts& facts, const ListenerConfig& listener) {
    std::vector<std::string> named = listener.origins;
    std::erase(named, "*");
    // An empty list would mean the Host's own name.
    return facts.origin && !named.empty() && origin_allowed(facts.origin, facts.host, named);
}

bool is_foreign_form(const RequestFacts& facts, const std::string& sec_fetch_site) {
    return !facts.origin && !sec_fetch_site.empty() && sec_fetch_site != "same-origin" &&
           sec_fetch_site != "none";
}

std::optional<Refusal> refuse_cookie(const RequestFacts& facts, const ListenerConfig& listener,
                                     const std::string& sec_fetch_site, bool changes_state) {
    const bool own = origin_allowed(facts.origin, facts.host, {});
    if (!own && !origin_named(facts, listener)) {
        return Refusal{403, "forbidden",
                       "the cookie of a page whose origin is not named in listener.origins"};
    }
    if (!changes_state || !is_foreign_form(facts, sec_fetch_site)) return std::nullopt;
    return Refusal{403, "forbidden", "a cookie on a request that another site made"};
}

}  // namespace rtbridge
