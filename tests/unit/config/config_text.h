#pragma once

#include <string>

#include "config/config.h"
#include "config/diagnostic.h"

namespace rtbridge {

// Every value of a Config, one per line, without the places: what tests compare, so that a failure
// shows the difference.
[[nodiscard]] std::string to_test_text(const Config& config);
// "line:column: severity: message", one per line, in the order of sorted().
[[nodiscard]] std::string to_test_text(const Diagnostics& diagnostics);

}  // namespace rtbridge
