#pragma once

#include <chrono>
#include <memory>

#include "base/thread_role.h"
#include "config/config.h"
#include "rules/json_document.h"
#include "transport/engineio_app.h"
#include "transport/engineio_server.h"
#include "transport/socketio_app.h"

namespace rtbridge {

// Socket.IO 5 (clients of versions 3 and 4) on an Engine.IO server of its own.
//
// Thread: listener.
class SocketIoServer final : private EngineIoApp {
public:
    struct Dependencies {  // all outlive the server
        SocketIoApp& app;
        Metrics& metrics;
        const Clock& clock;
        SharedConnections& connections;
    };
    SocketIoServer(const Dependencies& dependencies, const SocketIoConfig& config,
                   const LimitsConfig& limits);

    // A reload: the times are those of later sessions.
    void use(const SocketIoConfig& config, const LimitsConfig& limits) ON_LISTENER_THREAD;
    // What answers requests and takes WebSockets.
    [[nodiscard]] EngineIoServer& engine() { return engine_; }

    // For its connections.
    [[nodiscard]] SocketIoApp& app() { return deps_.app; }
    [[nodiscard]] Metrics& metrics() { return deps_.metrics; }
    [[nodiscard]] const LimitsConfig& limits() const { return engine_.limits(); }
    [[nodiscard]] std::chrono::milliseconds connect_timeout() const { return connect_timeout_; }
    [[nodiscard]] JsonDocument& document() { return document_; }  // of the packet at hand

private:
    [[nodiscard]] std::unique_ptr<EngineIoHandler> open(EngineIoSession& session) override
        ON_LISTENER_THREAD;

    Dependencies deps_;
    std::chrono::milliseconds connect_timeout_;
    JsonDocument document_;
    EngineIoServer engine_;
};

}  // namespace rtbridge
