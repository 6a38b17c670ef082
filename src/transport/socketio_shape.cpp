#include "transport/socketio_shape.h"

#include <string>

#include "base/bytes.h"
#include "base/json_text.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

constexpr std::string_view default_event = "message";
constexpr std::size_t kept_bytes_max = 64 * KiB;  // of the buffer between updates

}  // namespace

FramePtr SocketIoShape::encode(const Update& update, Delivery /*delivery*/) const {
    static thread_local std::string packet;
    packet = "42[";
    append_json_string(packet, update.event.empty() ? default_event : update.event);
    packet += ',';
    packet += update.socketio_body.empty() ? update.payload : update.socketio_body;
    packet += ']';
    auto frame = std::make_shared<const std::string>(websocket_frame(Opcode::Text, packet));
    if (packet.capacity() > kept_bytes_max) packet = {};
    return frame;
}

const SocketIoShape& socketio_shape() {
    static const SocketIoShape shape;
    return shape;
}

}  // namespace rtbridge
