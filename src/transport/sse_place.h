#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "listener/subscription.h"

namespace rtbridge {

// "m4x1-90833": the `id:` of a server-sent event, which the browser shows when it comes back.
[[nodiscard]] std::string sse_place(std::string_view epoch, std::uint64_t offset);
// Nothing: this is no such text.
[[nodiscard]] std::optional<ResumePoint> read_sse_place(std::string_view text);

}  // namespace rtbridge
