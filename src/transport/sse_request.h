#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "access/admission.h"
#include "base/result.h"
#include "listener/session_access.h"
#include "listener/subscription.h"
#include "transport/api_context.h"
#include "transport/http_reply.h"
#include "transport/http_request.h"
#include "transport/selection_request.h"
#include "transport/sse_shape.h"

namespace rtbridge {

inline constexpr std::string_view sse_path = "/events";

// A request for a stream of server-sent events that is let in.
struct SseRequest {
    SessionAccessPtr access;
    RequestFacts facts;
    SelectionRequest wanted;
    std::optional<ResumePoint> since;
    SseShape::Form form;
    std::vector<std::pair<std::string, std::string>> headers{};  // of CORS
};

// Why not: 400, 403 or 429 as for /ws, or a stream that says bye where the listener drains.
[[nodiscard]] Result<SseRequest, HttpReply> read_sse_request(
    const HttpRequest& request, const ApiContext& context,
    SessionAccessPtr access) ON_LISTENER_THREAD;

// An answer with the headers of a stream and no body.
[[nodiscard]] HttpReply sse_head();

// A stream that says bye and no more. An EventSource comes back after it, and never after a status
// other than 200 (HTML, 9.2.3), so this is the answer wherever a refusal passes.
[[nodiscard]] HttpReply sse_bye(CloseCode code, std::string_view why, const ApiContext& context);

}  // namespace rtbridge
