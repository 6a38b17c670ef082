#include "transport/websocket_frame.h"

#include <cassert>

namespace rtbridge {

std::string websocket_frame(Opcode opcode, std::string_view payload) {
    assert(opcode == Opcode::Text || opcode == Opcode::Binary || payload.size() <= 125);
    std::string frame;
    frame.reserve(payload.size() + 10);
    append_frame_header(frame, opcode, payload.size());
    frame += payload;
    return frame;
}

void append_frame_header(std::string& out, Opcode opcode, std::size_t payload_bytes) {
    constexpr unsigned fin = 0x80;
    out += static_cast<char>(fin | static_cast<unsigned>(opcode));
    const auto append_big_endian = [&out](std::uint64_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
            out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU);
        }
    };
    if (payload_bytes <= 125) {
        out += static_cast<char>(payload_bytes);
    } else if (payload_bytes <= 0xffff) {
        out += static_cast<char>(126);
        append_big_endian(payload_bytes, 2);
    } else {
        out += static_cast<char>(127);
        append_big_endian(payload_bytes, 8);
    }
}

std::string_view frame_payload(std::string_view frame) {
    assert(frame.size() >= 2);
    const auto length = static_cast<unsigned char>(frame[1]);
    std::size_t header_bytes = 2;
    if (length == 126) header_bytes = 4;
    if (length == 127) header_bytes = 10;
    return frame.substr(header_bytes);
}

std::string_view take_frame_payload(std::string_view& frames) {
    const std::string_view from = frame_payload(frames);
    std::size_t bytes = static_cast<unsigned char>(frames[1]);
    if (bytes > 125) {
        bytes = 0;
        const std::size_t header_bytes = frames.size() - from.size();
        for (std::size_t i = 2; i < header_bytes; ++i) {
            bytes = bytes << 8U | static_cast<unsigned char>(frames[i]);
        }
    }
    assert(bytes <= from.size());
    frames = from.substr(bytes);
    return from.substr(0, bytes);
}

FramePtr PlainWebSocketShape::encode(const Update& update, Delivery /*delivery*/) const {
    return std::make_shared<const std::string>(websocket_frame(Opcode::Text, update.payload));
}

}  // namespace rtbridge
