#include "transport/websocket_frame.h"

#include <cassert>

namespace rtbridge {

std::string websocket_frame(Opcode opcode, std::string_view payload) {
    assert(opcode == Opcode::Text || payload.size() <= 125);
    constexpr unsigned fin = 0x80;
    std::string frame;
    frame.reserve(payload.size() + 10);
    frame += static_cast<char>(fin | static_cast<unsigned>(opcode));
    const auto append_big_endian = [&frame](std::uint64_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
            frame += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU);
        }
    };
    if (payload.size() <= 125) {
        frame += static_cast<char>(payload.size());
    } else if (payload.size() <= 0xffff) {
        frame += static_cast<char>(126);
        append_big_endian(payload.size(), 2);
    } else {
        frame += static_cast<char>(127);
        append_big_endian(payload.size(), 8);
    }
    frame += payload;
    return frame;
}

FramePtr PlainWebSocketShape::encode(const Update& update, Delivery /*delivery*/) const {
    return std::make_shared<const std::string>(websocket_frame(Opcode::Text, update.payload));
}

}  // namespace rtbridge
