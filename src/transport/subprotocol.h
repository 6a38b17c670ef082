#pragma once

#include <array>
#include <string_view>

namespace rtbridge {

// What a browser may ask for in Sec-WebSocket-Protocol (RFC 6455, 1.9). Null-terminated names.
inline constexpr const char* full_mode_subprotocol = "rtbridge.v1";

inline constexpr std::array<std::string_view, 1> subprotocols = {full_mode_subprotocol};

}  // namespace rtbridge
