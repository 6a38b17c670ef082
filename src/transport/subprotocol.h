#pragma once

#include <array>
#include <string_view>

namespace rtbridge {

// What a browser may ask for in Sec-WebSocket-Protocol (RFC 6455, 1.9). Null-terminated names.
inline constexpr const char* full_mode_subprotocol = "rtbridge.v1";

// MQTT 3.1.1 and 5, 6.0; MQTT 3.1 before it was registered.
inline constexpr const char* mqtt_subprotocol = "mqtt";
inline constexpr const char* mqtt_31_subprotocol = "mqttv3.1";

inline constexpr std::array<std::string_view, 3> subprotocols = {
    full_mode_subprotocol, mqtt_subprotocol, mqtt_31_subprotocol};

}  // namespace rtbridge
