#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/http_reply.h"
#include "transport/http_request.h"

// What Engine.IO answers by HTTP. Thread: any; pure.

namespace rtbridge {

// Those that let a page of another origin read the answer; of every answer to its request.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

enum class EngineIoError {
    TransportUnknown = 0,
    SessionIdUnknown = 1,
    BadHandshakeMethod = 2,
    BadRequest = 3,
    Forbidden = 4,
    UnsupportedVersion = 5,
};

// {"code":1,"message":"Session ID unknown"}
[[nodiscard]] HttpReply engineio_error(EngineIoError error);
// Forbidden, for a reason of ours.
[[nodiscard]] HttpReply engineio_refusal(int http_status, std::string_view message);
[[nodiscard]] HttpReply engineio_wrong_method();
// The answer to a GET: packets for the client.
[[nodiscard]] HttpReply engineio_payload_reply(std::string payload);
[[nodiscard]] HttpReply engineio_post_reply();
// OPTIONS, as browsers ask before a request that a form could not have made (Fetch, 4.8).
[[nodiscard]] HttpReply engineio_preflight(std::string_view requested_headers);

// What a request says of itself in its query.
struct EngineIoQuery {
    enum class Transport { Unknown, Polling, WebSocket };
    Transport transport = Transport::Unknown;
    bool version_4 = false;
    bool has_sid = false;
    std::string sid;  // empty where it is given twice: no session's
};
[[nodiscard]] EngineIoQuery read_engineio_query(const HttpRequest& request);

// A header that no browser sends: with bytes that may not stand in one.
[[nodiscard]] bool is_invalid_origin(const std::optional<std::string>& origin);

}  // namespace rtbridge
