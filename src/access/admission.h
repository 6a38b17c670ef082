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
};

// Why nobody gets in.
struct Refusal {
    int http_status = 403;
    std::string code;     // "unauthorized", "forbidden"
    std::string message;  // says what to do
};

// May this request receive data? Nothing = yes; fails closed.
// Without [auth] only loopback is let in, and a page of another site in a local browser or a proxy
// on this host does not count as loopback (a DNS name rebound to 127.0.0.1 shows in Host).
// With [auth], a loopback bind still refuses a Host that names neither this machine nor an entry of
// listener.origins: a cookie or an anonymous role must not be had by rebinding either.
[[nodiscard]] std::optional<Refusal> refuse_request(const RequestFacts& facts,
                                                    const ListenerConfig& listener,
                                                    const std::optional<AuthConfig>& auth);

}  // namespace rtbridge
