#pragma once

#include <string>

#include "listener/sessions.h"

namespace rtbridge {

// The body of GET /api/sessions.
[[nodiscard]] std::string sessions_json(const Sessions& sessions);

}  // namespace rtbridge
