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
    std::uint32_t threads = 1;
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
    config->listener.threads = options.threads;
    config->auth = AuthConfig{.anonymous_role = "anyone"};
    config->limits.connections = options.connections;
    config->limits.requests_per_second = options.requests_per_second;
    config->socketio.ping_interval = std::chrono::milliseconds(options.ping_interval_ms);
    config->socketio.ping_timeout = std::chrono::milliseconds(options.ping_timeout_ms);
    config->socketio.connect_timeout = std::chrono::milliseconds(options.connect_timeout_ms);
    config->socketio.max_payload_bytes = options.max_payload_bytes;
    return config;
}

// What the listeners share.
struct Shared {
    StandardError log;
    SystemClock clock;
    Metrics metrics;
    SharedLogins logins;
    SessionRegistry registry;
    FakeDoorbell doorbell;  // nobody publishes
    SharedConnections connections{connections_room};
    SharedSocketIo socketio{metrics};
    EngineIoErrands echo_errands{metrics};
    EngineIoErrands suite_errands{metrics};

    static constexpr std::uint32_t connections_room = 100'000;
};

void mount(ListenerState& state, Wakeup& wakeup, Shared& shared,
           const Options& options) ON_LISTENER_THREAD {
    const SocketIoConfig& config = state.config->socketio;
    const EngineIoSettings settings{config.ping_interval, config.ping_timeout,
                                    std::chrono::milliseconds(options.upgrade_timeout_ms),
                                    config.max_payload_bytes};
    const auto echo = std::make_shared<EngineIoEcho>(settings, state);
    const auto suite =
        std::make_shared<SocketIoSuite>(state, std::chrono::milliseconds(options.auth_delay_ms));
    if (options.threads > 1) {
        echo->server.join_others(shared.echo_errands, wakeup);
        suite->server.engine().join_others(shared.suite_errands, wakeup);
    }
    state.engines.push_back({"/engine.io/", {echo, &echo->server}});
    state.engines.push_back({"/socket.io/", {suite, &suite->server.engine()}});
}

struct Thread {
    explicit Thread(Shared& shared)
        : publishes({}, shared.doorbell, shared.metrics, shared.clock) {}
    Mailbox mailbox{Mailbox::Limits{}};
    PublishDesk publishes;
    std::unique_ptr<Listener> listener;
};

// Returns the exit code of the program.
int run(const Options& options) {
    assert_on_broker_thread();
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    const ConfigSnapshotPtr config = configure(options);
    Shared shared;
    auto sockets = listen_on(config->listener.bind, options.threads);
    if (!sockets.ok()) {
        shared.log.write(LogLevel::Error, sockets.error());
        return 1;
    }
    std::vector<std::unique_ptr<Thread>> threads;
    for (FileDescriptor& socket : sockets.value().fds) {
        Thread& thread = *threads.emplace_back(std::make_unique<Thread>(shared));
        auto listener =
            Listener::start(config, std::move(socket),
                            {thread.mailbox, shared.metrics, shared.clock, shared.log,
                             shared.logins, shared.registry, thread.publishes, shared.connections,
                             shared.socketio, "suite", [&](ListenerState& state, Wakeup& wakeup) {
                                 assert_on_listener_thread();
                                 mount(state, wakeup, shared, options);
                             }});
        if (!listener.ok()) {
            shared.log.write(LogLevel::Error, listener.error());
            return 1;
        }
        thread.listener = std::move(listener).value();
    }
    std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(sockets.value().port));
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
    for (const auto& thread : threads) thread->listener->request_stop();
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
    app.add_option("--threads", options.threads, "listeners that share the port")
        ->check(CLI::Range(1U, rtbridge::EngineIoErrands::members_max))
        ->capture_default_str();
    app.add_option("--connections", options.connections, "and sessions")->capture_default_str();
    app.add_option("--requests-per-second", options.requests_per_second)->capture_default_str();
    app.add_option("--auth-delay", options.auth_delay_ms, "ms after CONNECT, of /socket.io/")
        ->capture_default_str();
    app.add_option("--origin", options.origins, "of pages that may ask");
    CLI11_PARSE(app, argc, argv);
    return rtbridge::run(options);
}
