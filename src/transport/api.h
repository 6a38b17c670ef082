#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "handoff/config_snapshot.h"
#include "handoff/metrics.h"
#include "listener/sessions.h"
#include "transport/http_reply.h"
#include "transport/http_request.h"

namespace rtbridge {

// What the HTTP answers are made of; views of the listener's state, valid during a request.
struct ApiContext {
    const ConfigSnapshot& config;
    const Sessions& sessions;
    const Metrics& metrics;
    const Clock& clock;
    SteadyTime started;
    bool draining = false;
};

// The answer to any request but a WebSocket upgrade: routes of design, dashboard, errors as JSON.
// Refuses who may not in, except at the page and the health checks, which need no identity.
[[nodiscard]] HttpReply answer(const HttpRequest& request, const ApiContext& context);

// Is the plugin fit for work? Nothing = yes, else why not.
[[nodiscard]] std::optional<std::string> not_ready_reason(const ApiContext& context);

}  // namespace rtbridge
