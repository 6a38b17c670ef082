#include "conformance_server/echo_app.h"

#include "transport/engineio_session.h"

namespace rtbridge {
namespace {

class EchoHandler final : public EngineIoHandler {
public:
    explicit EchoHandler(EngineIoSession& session) : session_(session) {}
    void on_message(std::string_view message, EngineIoKind kind) override ON_LISTENER_THREAD {
        session_.send(message, kind);
    }
    void on_close(std::string_view /*reason*/) override {}

private:
    EngineIoSession& session_;
};

}  // namespace

std::unique_ptr<EngineIoHandler> EchoApp::open(EngineIoSession& session) {
    return std::make_unique<EchoHandler>(session);
}

}  // namespace rtbridge
