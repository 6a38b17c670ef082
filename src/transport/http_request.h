#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "access/admission.h"

struct lws;

namespace rtbridge {

enum class HttpMethod { Get, Head, Post, Options, Other };

// One HTTP request, or the HTTP beginning of a WebSocket, copied out of libwebsockets.
struct HttpRequest {
    HttpMethod method = HttpMethod::Other;
    std::string path;                                        // decoded, without query
    std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
    RequestFacts facts;  // client_address and trusted_proxy are left to the caller
    std::optional<std::string> x_forwarded_for;
    std::optional<std::string> if_none_match;
    std::optional<std::string> if_modified_since;
    std::optional<std::string> range;
    std::optional<std::string> if_range;
    std::string subprotocols;       // Sec-WebSocket-Protocol, empty = none offered
    std::string websocket_version;  // Sec-WebSocket-Version and -Key, empty = absent
    std::string websocket_key;
    // Was read by lws, but may mean something else to a proxy in front of it.
    bool ambiguous = false;
    std::optional<std::string> authorization;
    std::string cookies;         // as in the Cookie header
    std::string content_type;    // in lower case, without parameters
    std::string sec_fetch_mode;  // Sec-Fetch-Mode and -Site (Fetch Metadata), empty = absent
    std::string sec_fetch_site;
    std::string requested_headers;  // Access-Control-Request-Headers (Fetch, 4.8)
    std::string last_event_id;      // Last-Event-ID, empty = absent
    bool takes_chunks = true;       // HTTP/1.1: a body of unknown length may come in chunks
    bool closes = false;            // no further request comes on this connection
    bool has_body = false;          // announces one, of whatever length
    // Content-Length; nothing where it is absent, not a number, or there is a Transfer-Encoding.
    std::optional<std::uint64_t> body_bytes;
    std::string body;  // of a POST, read before the request is answered
};

// REQUIRES: called from a libwebsockets callback in which the request's headers are still attached.
[[nodiscard]] HttpRequest read_request(lws* wsi, std::string peer_address);

// The Upgrade header in lower case, empty where there is none or it can't be read any more.
[[nodiscard]] std::string upgrade_offer(lws* wsi);

}  // namespace rtbridge
