#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rtbridge {

enum class AfterReply { KeepAlive, Close };

// A complete HTTP answer. Thread: any, a value.
struct HttpReply {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;  // beyond those every answer has
    // Content-Length where `body` is not all of it: of a HEAD, or of a stream. Absent: body's.
    std::optional<std::uint64_t> body_bytes{};
    // Who wrote the page that this may be: decides the security headers.
    enum class Page : std::uint8_t { Ours, Operators };
    Page page = Page::Ours;

    // {"error":{"code":"…","message":"…"}}
    [[nodiscard]] static HttpReply error(int status, std::string_view code,
                                         std::string_view message);
    [[nodiscard]] bool has_header(std::string_view name) const;
};

// What every answer carries. The policy is for the built-in page; other answers are no pages.
inline constexpr std::array<std::pair<const char*, const char*>, 4> security_headers = {{
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
}};

// What a file of the operator carries instead. No policy: what its scripts may do is theirs to say.
// Other sites may not frame it, because its buttons act with the cookie of whoever clicks. It says
// where requests come from as browsers do by themselves: with "no-referrer" the Origin of its forms
// would be "null", which is refused.
inline constexpr std::array<std::pair<const char*, const char*>, 3> page_security_headers = {{
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "SAMEORIGIN"},
    {"Referrer-Policy", "strict-origin-when-cross-origin"},
}};

enum class Body {
    Send,
    Omit,        // HEAD and 304
    Chunks,      // follows in chunks of unknown number (RFC 9112, 7.1)
    UntilClose,  // follows, and ends with the connection (RFC 9112, 6.3)
};

// The bytes for the wire: status line, the headers of every answer (length, no caching unless the
// reply says otherwise, the security headers), then the body.
[[nodiscard]] std::string to_wire(const HttpReply& reply, AfterReply after, Body body);

}  // namespace rtbridge
