// An Engine.IO echo at /engine.io/ and a Socket.IO application at /socket.io/, by the code that
// runs in the broker, for suites that test such servers from outside:
//
//     conformance_server --port 3000 --ping-interval 300 --ping-timeout 200

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "configuration.h"
#include "conformance_server/echo_app.h"
#include "conformance_server/suite_app.h"
#include "fakes/fake_doorbell.h"
#include "transport/engineio_server.h"
#include "transport/listener.h"
#include "transport/listener_state.h"
#include "transport/listening_socket.h"
#include "transport/socketio_server.h"

namespace rtbridge {
namespace {

struct Options {
    std::uint16_t port = 3000;
    std::uint32_t ping_interval_ms = 300;
    std::uint32_t ping_timeout_ms = 200;
    std::uint32_t connect_timeout_ms = 1'000;
    std::uint32_t upgrade_timeout_ms = 10'000;
    std::size_t max_payload_bytes = 1'000'000;
    std::uint32_t connections = 10'000;
    std::uint32_t requests_per_second = 100'000;
    std::uint32_t auth_delay_ms = 10;
    std::vector<std::string> origins;
};

class StandardError final : public LogSink {
public:
    void write(LogLevel /*level*/, std::string_view line) override {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    }
};

// Each with its application.
struct EngineIoEcho {
    EngineIoEcho(const EngineIoSettings& settings, ListenerState& state)
        : server({app, state.metrics, state.clock, state.connections}, settings,
                 state.config->limits) {}
    EchoApp app;
    EngineIoServer server;
};
struct SocketIoSuite {
    SocketIoSuite(ListenerState& state, std::chrono::milliseconds auth_delay)
        : app(state.loop, auth_delay),
          server({app, state.metrics, state.clock, state.connections}, state.config->socketio,
                 state.config->limits) {}
    SuiteApp app;
    SocketIoServer server;
};

ConfigSnapshotPtr configure(const Options& options) {
    auto config = std::make_shared<ConfigSnapshot>();
    config->access = Configuration::built_in().access;
    config->listener.bind.port = options.port;
    config->listener.origins = options.origins;
    config->auth = AuthConfig{.anonymous_role = "anyone"};
    config->limits.connections = options.connections;
    config->limits.requests_per_second = options.requests_per_second;
    config->socketio.ping_interval = std::chrono::milliseconds(options.ping_interval_ms);
    config->socketio.ping_timeout = std::chrono::milliseconds(options.ping_timeout_ms);
    config->socketio.connect_timeout = std::chrono::milliseconds(options.connect_timeout_ms);
    config->socketio.max_payload_bytes = options.max_payload_bytes;
    return config;
}

void mount(ListenerState& state, const Options& options) ON_LISTENER_THREAD {
    const SocketIoConfig& config = state.config->socketio;
    const EngineIoSettings settings{config.ping_interval, config.ping_timeout,
                                    std::chrono::milliseconds(options.upgrade_timeout_ms),
                                    config.max_payload_bytes};
    const auto echo = std::make_shared<EngineIoEcho>(settings, state);
    state.engines.push_back({"/engine.io/", {echo, &echo->server}});
    const auto suite =
        std::make_shared<SocketIoSuite>(state, std::chrono::milliseconds(options.auth_delay_ms));
    state.engines.push_back({"/socket.io/", {suite, &suite->server.engine()}});
}

// Returns the exit code of the program.
int run(const Options& options) {
    assert_on_broker_thread();
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    const ConfigSnapshotPtr config = configure(options);
    StandardError log;
    SystemClock clock;
    Metrics metrics;
    Mailbox mailbox(Mailbox::Limits{});
    SharedLogins logins;
    SessionRegistry registry;
    FakeDoorbell doorbell;  // nobody publishes
    PublishDesk publishes({}, doorbell, metrics, clock);
    SharedConnections connections(options.connections);
    SharedSocketIo socketio(metrics);

    auto sockets = listen_on(config->listener.bind, 1);
    if (!sockets.ok()) {
        log.write(LogLevel::Error, sockets.error());
        return 1;
    }
    const Listener::Dependencies dependencies{mailbox,
                                              metrics,
                                              clock,
                                              log,
                                              logins,
                                              registry,
                                              publishes,
                                              connections,
                                              socketio,
                                              "suite",
                                              [&](ListenerState& state) {
                                                  assert_on_listener_thread();
                                                  mount(state, options);
                                              }};
    auto listener = Listener::start(config, std::move(sockets.value().fds.front()), dependencies);
    if (!listener.ok()) {
        log.write(LogLevel::Error, listener.error());
        return 1;
    }
    std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(sockets.value().port));
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
    return 0;
}

}  // namespace
}  // namespace rtbridge

int main(int argc, char** argv) {
    rtbridge::Options options;
    CLI::App app("Engine.IO echo at /engine.io/, Socket.IO application at /socket.io/");
    app.add_option("--port", options.port, "0: any")->capture_default_str();
    app.add_option("--ping-interval", options.ping_interval_ms, "ms")->capture_default_str();
    app.add_option("--ping-timeout", options.ping_timeout_ms, "ms")->capture_default_str();
    app.add_option("--connect-timeout", options.connect_timeout_ms, "ms")->capture_default_str();
    app.add_option("--upgrade-timeout", options.upgrade_timeout_ms, "ms, of /engine.io/")
        ->capture_default_str();
    app.add_option("--max-payload", options.max_payload_bytes, "bytes")->capture_default_str();
    app.add_option("--connections", options.connections, "and sessions")->capture_default_str();
    app.add_option("--requests-per-second", options.requests_per_second)->capture_default_str();
    app.add_option("--auth-delay", options.auth_delay_ms, "ms after CONNECT, of /socket.io/")
        ->capture_default_str();
    app.add_option("--origin", options.origins, "of pages that may ask");
    CLI11_PARSE(app, argc, argv);
    return rtbridge::run(options);
}
