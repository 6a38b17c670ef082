#pragma once

#include <string>

#include "handoff/session_registry.h"

namespace rtbridge {

// The body of GET /api/sessions: the sessions of all listeners.
[[nodiscard]] std::string sessions_json(const SessionRegistry& sessions);

}  // namespace rtbridge
