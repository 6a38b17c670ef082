#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rtbridge {

// Which pages may talk to the listener (RFC 6454; a browser sends Origin, nothing else can be
// trusted to). Thread: any, pure.
//
// `origin`: the header's value; absent (not a browser) is accepted, identity decides then.
// `host`: the Host header. `allowed`: listener.origins, empty = the Host's own name with any port
// and scheme,
// "*" = any. "null" (a sandboxed page, a file) passes only "*".
[[nodiscard]] bool origin_allowed(const std::optional<std::string>& origin, std::string_view host,
                                  const std::vector<std::string>& allowed);

// The name or address in a Host header or in host[:port], lower case, without port and brackets;
// empty where it is malformed.
[[nodiscard]] std::string host_name(std::string_view host);

// The same of an origin, "scheme://host[:port]"; empty for "null" and anything that is no origin.
[[nodiscard]] std::string origin_host(std::string_view origin);

// localhost, a name below it, 127.0.0.0/8 or ::1, without port and brackets. IPv4 addresses mapped
// into IPv6 count.
[[nodiscard]] bool is_loopback_name(std::string_view name);

}  // namespace rtbridge
