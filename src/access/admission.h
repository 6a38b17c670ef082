#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace rtbridge {

// What a request says about where it comes from.
struct RequestFacts {
    std::string peer_address;           // of the socket, without port
    std::string host;                   // Host header, empty = absent
    std::optional<std::string> origin;  // Origin header; absent: not a browser's cross-site request
    bool forwarded = false;  // Forwarded, X-Forwarded-* or Via: a proxy stands in between
    // Who asks: of the socket, or what a trusted proxy says; for logs, limits and policy.
    std::string client_address{};
    bool trusted_proxy = false;  // the peer is in listener.trusted_proxies
    friend bool operator==(const RequestFacts&, const RequestFacts&) = default;
};

// Why nobody gets in.
struct Refusal {
    int http_status = 403;
    std::string code;     // "unauthorized", "forbidden"
    std::string message;  // says what to do
};

// From this machine, by a page of this machine if by a page, and by nobody's proxy. A page of
// another site in a local browser or a proxy on this host does not count (a DNS name rebound to
// 127.0.0.1 shows in Host).
[[nodiscard]] bool is_loopback_request(const RequestFacts& facts, const ListenerConfig& listener);

// May a request from there receive data, whoever it is? Nothing = yes, and identity decides; fails
// closed. Without [auth] only loopback is let in. With [auth], a loopback bind still refuses
// a Host that names neither this machine nor an entry of listener.origins: a cookie or an anonymous
// role must not be had by rebinding either.
[[nodiscard]] std::optional<Refusal> refuse_request(const RequestFacts& facts,
                                                    const ListenerConfig& listener,
                                                    const std::optional<AuthConfig>& auth);

// May a cookie prove who sent this? Browsers send cookies along whoever made them ask, so the page
// has to be one of ours: of the Host's own name or named in listener.origins; "*" names nobody.
// `changes_state`: it may be a form of another site, which older browsers send without Origin.
[[nodiscard]] std::optional<Refusal> refuse_cookie(const RequestFacts& facts,
                                                   const ListenerConfig& listener,
                                                   const std::string& sec_fetch_site,
                                                   bool changes_state);

// Whether a page of another site made the browser send this without saying its origin, as a form in
// an older one can. Whoever sends it may not mean it.
[[nodiscard]] bool is_foreign_form(const RequestFacts& facts, const std::string& sec_fetch_site);

// May a page of this origin read answers that were made for its user's cookie? Only if it is named.
[[nodiscard]] bool origin_named(const RequestFacts& facts, const ListenerConfig& listener);

}  // namespace rtbridge
