#pragma once

#include <optional>
#include <string_view>

#include "config/config.h"

namespace rtbridge {

// "127.0.0.1:8080", "[::1]:8080" or "localhost:8080". Host names other than localhost are refused:
// what they resolve to may change, and with it who can reach the listener. Thread: any.
[[nodiscard]] std::optional<BindAddress> parse_bind_address(std::string_view text);

// Whether a connection to `to` ends at a socket bound to `bind`. Thread: any.
[[nodiscard]] bool leads_to(const BindAddress& to, const BindAddress& bind);

}  // namespace rtbridge
