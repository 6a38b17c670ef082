#include "websocket_client.h"

#include <algorithm>
#include <utility>

namespace rtbridge {

namespace {

using std::chrono::milliseconds;

// The example of RFC 6455, 1.3: a key and the answer that proves that the server read it.
constexpr std::string_view handshake_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view handshake_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr std::size_t frame_bytes_max = 64UL * 1024 * 1024;

std::size_t big_endian(std::string_view bytes) {
    std::size_t value = 0;
    for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

std::optional<WebSocketClient> WebSocketClient::open(std::uint16_t port, std::string_view path,
                                                     const HttpHeaders& headers,
                                                     HttpResponse* response) {
    std::optional<TcpStream> stream = TcpStream::connect(port);
    if (!stream) return std::nullopt;
    std::string request = "GET " + std::string(path) +
                          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                          "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
                          std::string(handshake_key) + "\r\n";
    for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
    if (!stream->write(request + "\r\n")) return std::nullopt;

    std::optional<HttpResponse> head = read_http_response(*stream);
    if (!head) return std::nullopt;
    const bool upgraded =
        head->status == 101 && head->headers["sec-websocket-accept"] == handshake_accept;
    if (response != nullptr) *response = std::move(*head);
    if (!upgraded) return std::nullopt;
    return WebSocketClient(std::move(*stream));
}

std::optional<WebSocketClient::Fragment> WebSocketClient::read_fragment(milliseconds deadline) {
    const std::optional<std::string> head = stream_.read_exactly(2, deadline);
    if (!head) return std::nullopt;
    const auto first = static_cast<unsigned char>(head->at(0));
    const auto second = static_cast<unsigned char>(head->at(1));
    if ((first & 0x70U) != 0 || (second & 0x80U) != 0) return std::nullopt;  // RSV bits, mask

    std::size_t length = second;
    if (length > 125) {
        const std::optional<std::string> extended =
            stream_.read_exactly(length == 126 ? 2 : 8, http_deadline);
        if (!extended) return std::nullopt;
        length = big_endian(*extended);
    }
    if (length > frame_bytes_max) return std::nullopt;
    std::optional<std::string> payload = stream_.read_exactly(length, http_deadline);
    if (!payload) return std::nullopt;
    return Fragment{(first & 0x80U) != 0, static_cast<std::uint8_t>(first & 0x0fU),
                    std::move(*payload)};
}

std::optional<WebSocketFrame> WebSocketClient::read_frame(milliseconds deadline) {
    using Kind = WebSocketFrame::Kind;
    const auto until = std::chrono::steady_clock::now() + deadline;
    std::optional<WebSocketFrame> message;  // whose fragments arrive
    for (;;) {
        const auto left =
            std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
        std::optional<Fragment> fragment = read_fragment(std::max(left, milliseconds(0)));
        if (!fragment) return std::nullopt;
        if (fragment->opcode >= 8) {
            if (!fragment->last || fragment->payload.size() > 125) return std::nullopt;
            WebSocketFrame control{static_cast<Kind>(fragment->opcode),
                                   std::move(fragment->payload), 0};
            if (control.kind == Kind::Ping) {
                send(Kind::Pong, control.payload);
                continue;
            }
            if (control.kind == Kind::Close && control.payload.size() >= 2) {
                control.close_code =
                    static_cast<std::uint16_t>(big_endian(control.payload.substr(0, 2)));
                control.payload.erase(0, 2);
            }
            return control;
        }
        if (message.has_value() != (fragment->opcode == 0)) return std::nullopt;
        if (!message) message = WebSocketFrame{static_cast<Kind>(fragment->opcode), {}, 0};
        message->payload += fragment->payload;
        if (fragment->last) return message;
    }
}

std::optional<std::string> WebSocketClient::read_text(milliseconds deadline) {
    std::optional<WebSocketFrame> frame = read_frame(deadline);
    if (!frame || frame->kind != WebSocketFrame::Kind::Text) return std::nullopt;
    return std::move(frame->payload);
}

bool WebSocketClient::send(WebSocketFrame::Kind kind, std::string_view payload) {
    std::string frame;
    frame += static_cast<char>(0x80U | static_cast<unsigned>(kind));
    if (payload.size() < 126) {
        frame += static_cast<char>(0x80U | payload.size());
    } else {
        const bool wide = payload.size() > 0xffff;
        frame += static_cast<char>(0x80U | (wide ? 127U : 126U));
        for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8) {
            frame += static_cast<char>(payload.size() >> static_cast<unsigned>(shift) & 0xffU);
        }
    }
    frame.append(4, '\0');  // a mask of zeros: masked as RFC 6455, 5.3 wants, and readable
    frame += payload;
    return stream_.write(frame);
}

}  // namespace rtbridge
