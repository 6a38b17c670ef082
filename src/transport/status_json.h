#pragma once

#include <string>

#include "transport/api.h"

namespace rtbridge {

// The body of GET /api/status.
[[nodiscard]] std::string status_json(const ApiContext& context);

}  // namespace rtbridge
