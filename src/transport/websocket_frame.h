#pragma once

#include <string>
#include <string_view>

#include "listener/wire_shape.h"

namespace rtbridge {

enum class Opcode : unsigned char { Text = 0x1, Binary = 0x2, Close = 0x8, Ping = 0x9 };

// A complete unmasked frame, as servers send (RFC 6455, 5.2). Control payloads: at most 125 bytes.
[[nodiscard]] std::string websocket_frame(Opcode opcode, std::string_view payload);

// What stands in front of a payload of so many bytes.
void append_frame_header(std::string& out, Opcode opcode, std::size_t payload_bytes);
// The payload of a frame that websocket_frame() made.
[[nodiscard]] std::string_view frame_payload(std::string_view frame);

// Takes the first of several such frames and returns its payload.
[[nodiscard]] std::string_view take_frame_payload(std::string_view& frames);

// /ws without subprotocol: each text frame is the payload and nothing around it.
class PlainWebSocketShape final : public WireShape {
public:
    [[nodiscard]] FramePtr encode(const Update& update, Delivery delivery) const override;
    [[nodiscard]] Payloads payloads() const override { return Payloads::JsonOnly; }
};

}  // namespace rtbridge
