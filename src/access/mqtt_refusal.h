#pragma once

#include <string>
#include <string_view>

#include "access/mqtt_clients.h"
#include "access/mqtt_request.h"

namespace rtbridge {

// Why an MQTT client may not do something, in a line for the log. Slow, for refusals only.

// "client \"pump-7\" (user \"anna\", 192.0.2.7)"
[[nodiscard]] std::string who_is(const MqttClient& client, std::string_view user);

// "... may not publish \"a/b\": "
[[nodiscard]] std::string who_may_not(const MqttClient& client, const Identity& identity,
                                      MqttRequest request, std::string_view topic);

// The same, and the rule that says so or that none says otherwise.
[[nodiscard]] std::string refusal_of(const MqttClient& client, const Identity& identity,
                                     const Grants& grants, MqttRequest request,
                                     std::string_view topic);

}  // namespace rtbridge
