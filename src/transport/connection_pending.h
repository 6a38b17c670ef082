#pragma once

#include <cstddef>
#include <optional>

#include "transport/connection.h"
#include "transport/selection_request.h"

// What a Connection holds while something of it is under way, and nothing afterwards. Private to
// its .cpp files.

namespace rtbridge {

struct Connection::PendingRequest {
    HttpRequest request;
    bool body_complete = false;
    std::optional<HttpReply> reply{};
};

struct Connection::PendingUpgrade {
    HttpRequest request;
    SelectionRequest selection;  // of plain mode
    bool full_mode = false;      // rtbridge.v1
    // Null: `check` decides who it is, or in full mode nobody showed anything.
    SessionAccessPtr access{};
    std::optional<LoginCheck> check{};  // too slow for the loop
};

inline constexpr const char* retry_after_s = "5";

}  // namespace rtbridge
