#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http_client.h"

namespace rtbridge {

// One WebSocket message, or a control frame.
struct WebSocketFrame {
    enum class Kind : std::uint8_t { Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };
    Kind kind = Kind::Text;
    std::string payload;  // of a Close: without the code
    std::uint16_t close_code = 0;
};

// A WebSocket as a browser would open it (RFC 6455), for tests: blocking, with deadlines, and
// strict about what the server sends (masked, fragmented control or oversized frames end the
// connection).
class WebSocketClient {
public:
    // Nothing where the server does not upgrade; `response` then tells why.
    static std::optional<WebSocketClient> open(std::uint16_t port, std::string_view path,
                                               const HttpHeaders& headers = {},
                                               HttpResponse* response = nullptr);

    // The next frame; pings are answered and skipped. Nothing at deadline or end of stream.
    std::optional<WebSocketFrame> read_frame(std::chrono::milliseconds deadline = http_deadline);
    // Payload of the next text message; nothing where something else comes.
    std::optional<std::string> read_text(std::chrono::milliseconds deadline = http_deadline);
    bool send(WebSocketFrame::Kind kind, std::string_view payload);
    bool send_text(std::string_view text) { return send(WebSocketFrame::Kind::Text, text); }

private:
    explicit WebSocketClient(TcpStream stream) : stream_(std::move(stream)) {}
    struct Fragment {
        bool last = true;
        std::uint8_t opcode = 0;
        std::string payload;
    };
    std::optional<Fragment> read_fragment(std::chrono::milliseconds deadline);

    TcpStream stream_;
};

}  // namespace rtbridge
