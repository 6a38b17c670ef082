#pragma once

#include <optional>

#include "rules/json_template.h"

namespace rtbridge {

// What single transports tell browsers in place of the bodies of rules: options `body` of [sse] and
// [socketio].
//
// Thread: any; immutable.
struct TransportBodies {
    std::optional<JsonTemplate> sse;
    std::optional<JsonTemplate> socketio;
};

}  // namespace rtbridge
