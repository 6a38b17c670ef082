#pragma once

#include "listener/wire_shape.h"

namespace rtbridge {

// An update as an EVENT of the namespace "/", framed for a WebSocket; on polling the header is
// taken off again. All sessions share it.
class SocketIoShape final : public WireShape {
public:
    [[nodiscard]] FramePtr encode(const Update& update, Delivery delivery) const override;
    [[nodiscard]] bool carries(PayloadShape shape) const override {
        return shape == PayloadShape::Json;
    }
};

[[nodiscard]] const SocketIoShape& socketio_shape();

}  // namespace rtbridge
