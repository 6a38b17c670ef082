#pragma once

#include "report.h"
#include "scenarios.h"

namespace rtbridge::load {

// The same publishes through several brokers in turns, so that a busy machine is equally bad for
// all; the first one is what the others are compared with. Throws std::runtime_error when a message
// is missing.
[[nodiscard]] Report run_race(const Options& options);

}  // namespace rtbridge::load
