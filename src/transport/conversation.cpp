#include "transport/conversation.h"

#include "transport/websocket_frame.h"

namespace rtbridge {

const WireShape& Conversation::shape(std::uint32_t /*subscription*/) const {
    static const PlainWebSocketShape plain;
    return plain;
}

std::string Conversation::probe() {
    // Never empty: lws 4.1.6 does not report a pong without payload.
    return websocket_frame(Opcode::Ping, "rtbridge");
}

}  // namespace rtbridge
