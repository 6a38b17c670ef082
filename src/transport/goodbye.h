#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "listener/close_code.h"

namespace rtbridge {

// Between which delays a browser comes back, so that those that go together do not return together.
struct RetryWindow {
    std::chrono::milliseconds min{0};
    std::chrono::milliseconds max{0};
};

// For a session closed with `code`, one of so many `sessions`; `chance` is its lot, from 0 to 1.
// Nothing: it should not come back.
[[nodiscard]] std::optional<RetryWindow> retry_window(CloseCode code, std::size_t sessions,
                                                      double chance);

// A chance from 0 to 1. Thread: any.
[[nodiscard]] double draw_lot();

// {"op":"bye","code":4200,"why":"shutdown","retry":{"min":500,"max":12000}}
[[nodiscard]] std::string goodbye(CloseCode code, std::string_view why,
                                  const std::optional<RetryWindow>& retry);

}  // namespace rtbridge
