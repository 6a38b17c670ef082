#pragma once

#include <string>

#include "transport/api_context.h"

namespace rtbridge {

// The body of GET /metrics: the text format of Prometheus, version 0.0.4.
[[nodiscard]] std::string metrics_text(const ApiContext& context);
inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace rtbridge
