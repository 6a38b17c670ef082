#pragma once

#include <memory>

#include "transport/socketio_app.h"

namespace rtbridge {

// What the public Socket.IO suites expect of a server: `auth` with the payload of CONNECT, `message`
// answered by `message-back`, `message-with-ack` acknowledged, each with the same arguments, in the
// namespaces "/" and "/custom".
class SuiteApp final : public SocketIoApp {
public:
    [[nodiscard]] std::unique_ptr<SocketIoHandler> connect(
        std::string_view name_space, SocketIoSocket& socket) override ON_LISTENER_THREAD;
};

}  // namespace rtbridge
