#pragma once

#include <string_view>

#include "config/action.h"

namespace rtbridge {

// What an MQTT client asks leave for.
enum class MqttRequest {
    Publish,
    PublishRetained,
    Receive,
    Subscribe,
    RetainedSource,  // somebody else asks for what it published retained; it may be long gone
};

// All of these have to be allowed.
[[nodiscard]] constexpr ActionSet actions_of(MqttRequest request) {
    switch (request) {
        case MqttRequest::Publish:
            return Action::Publish;
        case MqttRequest::PublishRetained:
        case MqttRequest::RetainedSource:
            return ActionSet(Action::Publish) | Action::PublishRetained;
        case MqttRequest::Receive:
        case MqttRequest::Subscribe:
            break;
    }
    return receive_live;
}

}  // namespace rtbridge
