#pragma once

#include <string>
#include <string_view>

#include "listener/wire_shape.h"

namespace rtbridge {

enum class Opcode : unsigned char { Text = 0x1, Close = 0x8, Ping = 0x9 };

// A complete unmasked frame, as servers send (RFC 6455, 5.2). Control payloads: at most 125 bytes.
[[nodiscard]] std::string websocket_frame(Opcode opcode, std::string_view payload);

// /ws without subprotocol: each text frame is the payload and nothing around it.
class PlainWebSocketShape final : public WireShape {
public:
    [[nodiscard]] FramePtr encode(const Update& update, Delivery delivery) const override;
    [[nodiscard]] bool carries(PayloadShape shape) const override {
        return shape == PayloadShape::Json;
    }
};

}  // namespace rtbridge
