#include "transport/engineio_reply.h"

#include <algorithm>
#include <array>

#include "base/json_text.h"

namespace rtbridge {
namespace {

constexpr std::string_view preflight_age_s = "600";

constexpr std::array<std::string_view, 6> messages = {
    "Transport unknown", "Session ID unknown", "Bad handshake method",
    "Bad request",       "Forbidden",          "Unsupported protocol version"};

HttpReply error_reply(int http_status, EngineIoError error, std::string_view message) {
    HttpReply reply;
    reply.status = http_status;
    reply.body = "{\"code\":" + std::to_string(static_cast<int>(error)) + ",\"message\":";
    append_json_string(reply.body, message);
    reply.body += '}';
    return reply;
}

// Printable ASCII: what a client asks to be allowed is echoed.
bool is_header_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

HttpReply engineio_error(EngineIoError error) {
    const int http_status = error == EngineIoError::Forbidden ? 403 : 400;
    return error_reply(http_status, error, messages.at(static_cast<std::size_t>(error)));
}

HttpReply engineio_refusal(int http_status, std::string_view message) {
    return error_reply(http_status, EngineIoError::Forbidden, message);
}

HttpReply engineio_wrong_method() {
    HttpReply reply = error_reply(405, EngineIoError::BadRequest, "only GET and POST");
    reply.headers.emplace_back("Allow", "GET, POST, OPTIONS");
    return reply;
}

HttpReply engineio_payload_reply(std::string payload) {
    HttpReply reply;
    reply.content_type = "text/plain; charset=UTF-8";
    reply.body = std::move(payload);
    return reply;
}

HttpReply engineio_post_reply() {
    HttpReply reply;
    // Old browsers offer anything else for download.
    reply.content_type = "text/html";
    reply.body = "ok";
    return reply;
}

HttpReply engineio_preflight(std::string_view requested_headers) {
    HttpReply reply;
    reply.status = 204;
    reply.headers = {{"Content-Length", "0"},  // some browsers wait for a body otherwise
                     {"Access-Control-Allow-Methods", "GET, POST"},
                     {"Access-Control-Max-Age", std::string(preflight_age_s)},
                     {"Allow", "GET, POST, OPTIONS"}};
    if (!requested_headers.empty() && is_header_text(requested_headers)) {
        reply.headers.emplace_back("Access-Control-Allow-Headers", requested_headers);
    }
    return reply;
}

EngineIoQuery read_engineio_query(const HttpRequest& request) {
    EngineIoQuery query;
    int transports = 0;
    int versions = 0;
    int sids = 0;
    for (const auto& [name, value] : request.query) {
        if (name == "transport") {
            ++transports;
            if (value == "polling") query.transport = EngineIoQuery::Transport::Polling;
            if (value == "websocket") query.transport = EngineIoQuery::Transport::WebSocket;
        } else if (name == "EIO") {
            ++versions;
            query.version_4 = value == "4";
        } else if (name == "sid") {
            ++sids;
            query.sid = value;
        }
    }
    if (transports > 1) query.transport = EngineIoQuery::Transport::Unknown;
    if (versions > 1) query.version_4 = false;
    if (sids > 1) query.sid.clear();
    query.has_sid = sids > 0;
    return query;
}

bool is_invalid_origin(const std::optional<std::string>& origin) {
    return origin && !is_header_text(*origin);
}

}  // namespace rtbridge
