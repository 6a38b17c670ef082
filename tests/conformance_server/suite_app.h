#pragma once

#include <chrono>
#include <memory>

#include "transport/socketio_app.h"

struct uv_loop_s;

namespace rtbridge {

// What the public Socket.IO suites expect of a server: `auth` with the payload of CONNECT,
// `message` answered by `message-back`, `message-with-ack` acknowledged, each with the same
// arguments, in the namespaces "/" and "/custom".
//
// `auth` comes a little after the answer to CONNECT: the suites take one message at a time and miss
// the second of two that arrive together.
class SuiteApp final : public SocketIoApp {
public:
    SuiteApp(uv_loop_s* loop, std::chrono::milliseconds auth_delay)
        : loop_(loop), auth_delay_(auth_delay) {}
    [[nodiscard]] std::unique_ptr<SocketIoHandler> connect(
        std::string_view name_space, SocketIoSocket& socket) override ON_LISTENER_THREAD;

private:
    uv_loop_s* loop_;
    std::chrono::milliseconds auth_delay_;  // 0: together
};

}  // namespace rtbridge
