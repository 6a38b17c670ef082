#pragma once

#include <cstdint>
#include <string_view>

namespace rtbridge {

// Why a session ends; the number goes to the browser (RFC 6455, 7.4; 4000 and up are ours).
// 40xx: do not come back. 41xx: come back with backoff. 42xx: come back soon.
enum class CloseCode : std::uint16_t {
    Normal = 1000,
    UnsupportedData = 1003,
    PolicyViolation = 1008,
    MessageTooBig = 1009,
    InvalidToken = 4001,
    ProtocolError = 4002,
    Forbidden = 4003,
    UserConnections = 4004,
    OverCapacity = 4100,
    TooSlow = 4101,
    RateLimited = 4102,
    Internal = 4103,
    Shutdown = 4200,
    NoPong = 4201,
    TokenExpired = 4202,
    StateReset = 4203,
    NoHello = 4204,
};

}  // namespace rtbridge
