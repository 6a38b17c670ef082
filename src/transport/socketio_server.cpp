#include "transport/socketio_server.h"

#include "transport/socketio_connection.h"

namespace rtbridge {
namespace {

EngineIoSettings settings_of(const SocketIoConfig& config) {
    EngineIoSettings settings;
    settings.ping_interval = config.ping_interval;
    settings.ping_timeout = config.ping_timeout;
    settings.max_payload_bytes = config.max_payload_bytes;
    return settings;
}

}  // namespace

SocketIoServer::SocketIoServer(const Dependencies& dependencies, const SocketIoConfig& config,
                               const LimitsConfig& limits)
    : deps_(dependencies),
      connect_timeout_(config.connect_timeout),
      engine_({*this, dependencies.metrics, dependencies.clock, dependencies.connections},
              settings_of(config), limits) {}

void SocketIoServer::use(const SocketIoConfig& config, const LimitsConfig& limits) {
    connect_timeout_ = config.connect_timeout;
    engine_.use(settings_of(config), limits);
}

std::unique_ptr<EngineIoHandler> SocketIoServer::open(EngineIoSession& session) {
    return std::make_unique<SocketIoConnection>(*this, session);
}

}  // namespace rtbridge
