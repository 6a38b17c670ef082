// The tunnel between a fake WebSocket and a real socket of this test, on a libuv loop that the test
// turns.

#include "transport/mqtt_tunnel.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <uv.h>

#include <array>

#include "config/config_loader.h"
#include "fakes/fake_clock.h"
#include "transport/listener_state.h"
#include "transport/listening_socket.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

using std::chrono::seconds;

class NoDoorbell final : public Doorbell {
public:
    void ring() noexcept override {}
    void answered() noexcept override {}
};

class Lines final : public LogSink {
public:
    void write(LogLevel /*level*/, std::string_view line) override { text.append(line) += '\n'; }
    std::string text;
};

class FakeSocket final : public WebSocket {
public:
    [[nodiscard]] bool ready() const override { return !stalled; }
    [[nodiscard]] Written write(std::string_view frames) override {
        sent += frames;
        stalled = stalls_after_write;
        return lost ? Written::No : Written::Yes;
    }
    void request_writable() override { ++writable_requests; }
    void ping() override { ++pings; }
    void close(CloseCode code, std::string_view reason) override {
        closed_with = code;
        close_reason = reason;
    }
    [[nodiscard]] const WireShape& shape(std::uint32_t /*subscription*/) const override {
        static const PlainWebSocketShape plain;
        return plain;
    }
    [[nodiscard]] std::string_view transport() const override { return "mqtt"; }
    void pause_reading() override { paused = true; }
    void resume_reading() override { paused = false; }
    void abandon() override { abandoned = true; }
    [[nodiscard]] const std::string& peer_address() const override { return address; }

    std::string sent;
    std::string address = "127.0.0.1";
    int pings = 0;
    int writable_requests = 0;
    bool stalled = false;
    bool stalls_after_write = false;
    bool lost = false;
    bool paused = false;
    bool abandoned = false;
    std::optional<CloseCode> closed_with;
    std::string close_reason;
};

class MqttTunnelTest : public testing::Test {
protected:
    void SetUp() override {
        is_listener_thread = true;
        assert_on_listener_thread();
        uv_loop_init(&loop);
        auto listening = listen_on({"127.0.0.1", 0}, 1);
        ASSERT_TRUE(listening.ok());
        port = listening.value().port;
        listener = std::move(listening.value().fds.front());
    }
    void TearDown() override {
        assert_on_listener_thread();
        tunnel.reset();
        if (state) state->tunnels.stop();
        uv_run(&loop, UV_RUN_DEFAULT);
        EXPECT_EQ(uv_loop_close(&loop), 0);
        is_listener_thread = false;
    }

    [[nodiscard]] ConfigSnapshotPtr snapshot_of(const std::string& toml) const {
        Diagnostics diagnostics;
        const auto parsed = parse_config(toml, "test.toml", diagnostics);
        EXPECT_TRUE(parsed) << toml;
        auto snapshot = std::make_shared<ConfigSnapshot>();
        snapshot->auth = parsed->auth;
        snapshot->listener = parsed->listener;
        snapshot->limits = parsed->limits;
        snapshot->mqtt_tunnel = parsed->mqtt_tunnel;
        snapshot->access = std::make_shared<const Access>(Access{
            Authenticator::create(*parsed, diagnostics), Policy::compile(*parsed, diagnostics)});
        return snapshot;
    }
    [[nodiscard]] std::string to_here() const {
        return "[mqtt_tunnel]\nto = \"127.0.0.1:" + std::to_string(port) + "\"\n";
    }
    void make(const std::string& more = "") {
        assert_on_listener_thread();
        state.emplace(snapshot_of(to_here() + more), metrics, clock, log, logins, registry, desk,
                      connections, "epoch", &loop);
        tunnel = std::make_unique<MqttTunnel>(*state, socket, facts());
    }
    [[nodiscard]] static RequestFacts facts() {
        RequestFacts facts{"127.0.0.1", "localhost", std::nullopt, false};
        facts.client_address = "192.0.2.7";
        return facts;
    }
    [[nodiscard]] SessionAccessPtr somebody(std::optional<std::int64_t> expires_unix_s = {}) {
        assert_on_listener_thread();
        Visitor visitor;
        visitor.identity.address = "192.0.2.7";
        visitor.identity.expires_unix_s = expires_unix_s;
        return state->accesses.share(std::move(visitor), *state->config->access->policy);
    }
    // With a connection to the broker, which is this test.
    void begin(const std::string& more = "") {
        assert_on_listener_thread();
        make(more);
        tunnel->begin(somebody());
        accept_as_broker();
    }
    void accept_as_broker() {
        turn_until([&] {
            if (!broker.valid()) {
                broker.reset(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK));
            }
            return broker.valid() && log.text.find("MQTT tunnel of") != std::string::npos;
        });
    }
    void reload(const std::string& toml) {
        assert_on_listener_thread();
        state->accesses.clear();
        state->config = snapshot_of(toml);
        tunnel->recheck_access();
    }
    void advance(std::chrono::milliseconds by) {
        assert_on_listener_thread();
        clock.advance(by);
        state->tunnels.check(clock.now());
    }

    // Turns of the loop, as many as it takes; a test that fails gives up.
    template <typename Done>
    void turn_until(Done done) {
        for (int turns = 0; turns < 2'000'000; ++turns) {
            if (done()) return;
            uv_run(&loop, UV_RUN_NOWAIT);
        }
        ADD_FAILURE() << "did not come";
    }
    void turn() {
        for (int i = 0; i < 50; ++i) uv_run(&loop, UV_RUN_NOWAIT);
    }
    // Appends what came to `heard`; false at the end of the stream.
    bool hear() {
        std::array<char, 65'536> buffer{};
        const ssize_t n = recv(broker.get(), buffer.data(), buffer.size(), 0);
        if (n > 0) heard.append(buffer.data(), static_cast<std::size_t>(n));
        return n != 0;
    }
    void tell(std::string_view bytes) {
        ASSERT_EQ(send(broker.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    void say(std::string_view bytes) {
        assert_on_listener_thread();
        tunnel->on_message(bytes, Conversation::Message::Binary);
    }
    // Until the broker, which does not read, takes no more: how much that was.
    std::size_t say_until_paused() {
        const std::string piece(4096, 'x');
        std::size_t said = 0;
        while (!socket.paused && said < 256 * MiB) {
            say(piece);
            said += piece.size();
            uv_run(&loop, UV_RUN_NOWAIT);
        }
        return said;
    }
    [[nodiscard]] std::uint64_t hits(Limit limit) const {
        return metrics.limits.at(static_cast<std::size_t>(limit)).value();
    }
    [[nodiscard]] const SessionRecord& record() {
        listed = registry.list();
        return *listed.at(0).record;
    }

    uv_loop_t loop{};
    FileDescriptor listener;
    FileDescriptor broker;
    std::uint16_t port = 0;
    std::string heard;
    Metrics metrics;
    FakeClock clock;
    Lines log;
    SharedLogins logins;
    SharedConnections connections{100};
    SessionRegistry registry;
    std::vector<SessionRegistry::Listed> listed;
    NoDoorbell doorbell;
    PublishDesk desk{{.requests_max = 2}, doorbell, metrics, clock};
    std::optional<ListenerState> state;
    FakeSocket socket;
    std::unique_ptr<MqttTunnel> tunnel;
};

TEST_F(MqttTunnelTest, CarriesBytesBothWaysInBinaryFrames) {
    assert_on_listener_thread();
    begin();

    say("abc");
    say("");
    say("def");
    turn_until([&] { return hear() && heard.size() == 6; });
    EXPECT_EQ(heard, "abcdef");

    tell(std::string(300, 'y'));
    turn_until([&] { return !socket.sent.empty(); });
    EXPECT_EQ(socket.sent, websocket_frame(Opcode::Binary, std::string(300, 'y')));
    EXPECT_TRUE(tunnel->streams());
}

TEST_F(MqttTunnelTest, IsASessionInTheList) {
    assert_on_listener_thread();
    begin();

    EXPECT_EQ(registry.count_by_transport(),
              (std::map<std::string_view, std::size_t>{{"mqtt", 1}}));
    EXPECT_EQ(record().connected_at_unix_ms, clock.unix_ms());
    EXPECT_EQ(listed.at(0).details.identity->address, "192.0.2.7");
    EXPECT_NE(log.text.find("rtbridge: MQTT tunnel of a browser without login from 192.0.2.7 is "
                            "127.0.0.1:"),
              std::string::npos);
    tell("x");
    turn_until([&] { return record().delivered.value() == 1; });
    EXPECT_EQ(state->tunnels.size(), 1U);

    tunnel->on_closed();
    EXPECT_EQ(registry.size(), 0U);
    EXPECT_EQ(state->tunnels.size(), 0U);
}

TEST_F(MqttTunnelTest, WhatCameBeforeItIsKnownWhoItIsWaits) {
    assert_on_listener_thread();
    make();
    say("CONNECT");
    EXPECT_EQ(registry.size(), 0U);

    tunnel->begin(somebody());
    accept_as_broker();

    turn_until([&] { return hear() && heard == "CONNECT"; });
}

TEST_F(MqttTunnelTest, WhatComesBeforeItIsKnownWhoItIsIsBounded) {
    assert_on_listener_thread();
    make();
    const std::size_t said = say_until_paused();

    EXPECT_GT(said, MqttTunnel::buffer_bytes);
    EXPECT_LE(said, MqttTunnel::buffer_bytes + 4096);
    tunnel->begin(somebody());
    accept_as_broker();
    turn_until([&] { return hear() && heard.size() == said; });
    EXPECT_FALSE(socket.paused);
}

TEST_F(MqttTunnelTest, ABrokerThatDoesNotReadMakesTheBrowserWait) {
    assert_on_listener_thread();
    begin();

    const std::size_t said = say_until_paused();

    ASSERT_TRUE(socket.paused);
    EXPECT_EQ(hits(Limit::TunnelBuffer), 1U);
    EXPECT_GT(record().queue_bytes.value(), MqttTunnel::buffer_bytes);
    EXPECT_LE(record().queue_bytes.value(), MqttTunnel::buffer_bytes + 4096);
    turn_until([&] { return hear() && heard.size() == said; });
    EXPECT_FALSE(socket.paused);
    EXPECT_EQ(record().queue_bytes.value(), 0U);
    EXPECT_EQ(heard, std::string(said, 'x'));
}

TEST_F(MqttTunnelTest, ABrokerThatDoesNotReadForLongLosesTheBrowser) {
    assert_on_listener_thread();
    begin("[limits]\nqueue = { close_after = \"10s\" }\nping_interval = \"2s\"\n");
    say_until_paused();

    advance(seconds(9));
    EXPECT_FALSE(socket.closed_with) << "it is not listened to, so it need not answer pings";
    EXPECT_EQ(socket.pings, 0);
    advance(seconds(1));
    advance(seconds(1));

    EXPECT_EQ(socket.closed_with, CloseCode::OverCapacity);
    EXPECT_EQ(socket.close_reason, "the broker does not read");
    EXPECT_EQ(hits(Limit::QueueCloseAfter), 1U);
}

TEST_F(MqttTunnelTest, ABrowserThatDoesNotReadMakesTheBrokerWait) {
    assert_on_listener_thread();
    begin();
    socket.stalls_after_write = true;
    tell("first");
    turn_until([&] { return socket.stalled; });
    const std::string first = socket.sent;

    tell("second");
    turn();
    EXPECT_EQ(socket.sent, first);
    EXPECT_GT(socket.writable_requests, 0);
    EXPECT_EQ(uv_loop_alive(&loop), 0) << "nothing is polled for";

    socket.stalled = false;
    tunnel->on_writable();
    turn_until([&] { return socket.sent.size() > first.size(); });
    EXPECT_EQ(socket.sent, first + websocket_frame(Opcode::Binary, "second"));
}

TEST_F(MqttTunnelTest, ATextFrameEndsIt) {
    assert_on_listener_thread();
    begin();

    tunnel->on_message("hello", Conversation::Message::Text);

    EXPECT_EQ(socket.closed_with, CloseCode::UnsupportedData);
    turn_until([&] { return !hear(); });
    EXPECT_EQ(heard, "");
}

TEST_F(MqttTunnelTest, TheLastWordsOfABrowserReachTheBroker) {
    assert_on_listener_thread();
    begin();
    const std::size_t said = say_until_paused();
    say("DISCONNECT");

    tunnel->on_peer_close();
    tunnel->on_closed();
    tunnel.reset();
    tell("thrown away");

    turn_until([&] { return !hear(); });
    EXPECT_EQ(heard, std::string(said, 'x') + "DISCONNECT");
}

TEST_F(MqttTunnelTest, ABrowserThatWentBeforeTheConnectionWasMadeIsHeardAllTheSame) {
    assert_on_listener_thread();
    make();
    tunnel->begin(somebody());
    say("CONNECT");
    tunnel->on_closed();
    tunnel.reset();

    turn_until([&] {
        if (!broker.valid()) broker.reset(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK));
        return broker.valid() && !hear();
    });
    EXPECT_EQ(heard, "CONNECT");
}

TEST_F(MqttTunnelTest, ABrokerThatTakesNoLastWordsIsGivenUp) {
    assert_on_listener_thread();
    begin("[limits]\nhandshake_timeout = \"3s\"\n");
    say_until_paused();
    tunnel->on_closed();
    tunnel.reset();

    advance(seconds(2));
    turn();
    EXPECT_NE(uv_loop_alive(&loop), 0);
    EXPECT_EQ(connections.room(), 98U);
    advance(seconds(2));
    turn();
    EXPECT_EQ(uv_loop_alive(&loop), 0);
    EXPECT_EQ(connections.room(), 100U);
}

TEST_F(MqttTunnelTest, ABrokerThatHangsUpIsANormalCloseAfterItsLastBytes) {
    assert_on_listener_thread();
    begin();
    socket.stalls_after_write = true;
    tell("CONNACK");
    broker.reset();
    turn_until([&] { return !socket.sent.empty(); });
    turn();
    EXPECT_FALSE(socket.closed_with);

    socket.stalled = false;
    tunnel->on_writable();
    turn_until([&] { return socket.closed_with.has_value(); });

    EXPECT_EQ(socket.closed_with, CloseCode::Normal);
    EXPECT_EQ(socket.sent, websocket_frame(Opcode::Binary, "CONNACK"));
    say("too late");
    EXPECT_EQ(metrics.tunnels_failed.value(), 0U);
}

TEST_F(MqttTunnelTest, ABrokerThatIsNotThereIsCountedAndLogged) {
    assert_on_listener_thread();
    make();
    listener.reset();

    tunnel->begin(somebody());
    turn_until([&] { return socket.closed_with.has_value(); });

    EXPECT_EQ(socket.closed_with, CloseCode::OverCapacity);
    EXPECT_EQ(socket.close_reason, "the broker is not reachable");
    EXPECT_EQ(metrics.tunnels_failed.value(), 1U);
    EXPECT_EQ(log.text, "rtbridge: no MQTT tunnel to 127.0.0.1:" + std::to_string(port) +
                            " ([mqtt_tunnel] to): Connection refused\n");
}

TEST_F(MqttTunnelTest, ABrokerThatDoesNotAnswerIsAsGoodAsNotThere) {
    assert_on_listener_thread();
    make("[limits]\nhandshake_timeout = \"3s\"\n");
    tunnel->begin(somebody());  // and the loop does not turn: no answer
    say("CONNECT");

    advance(seconds(2));
    EXPECT_FALSE(socket.closed_with);
    advance(seconds(2));

    EXPECT_EQ(socket.closed_with, CloseCode::OverCapacity);
    EXPECT_EQ(metrics.tunnels_failed.value(), 1U);
}

TEST_F(MqttTunnelTest, AQuietBrowserIsPingedAndOneThatDoesNotAnswerIsGone) {
    assert_on_listener_thread();
    begin("[limits]\nping_interval = \"10s\"\n");
    advance(seconds(11));
    EXPECT_EQ(socket.pings, 1);
    tunnel->on_life();
    advance(seconds(9));
    EXPECT_EQ(socket.pings, 1);
    advance(seconds(2));
    EXPECT_EQ(socket.pings, 2);
    EXPECT_FALSE(socket.closed_with);

    advance(seconds(4));
    EXPECT_FALSE(socket.closed_with);
    advance(seconds(2));

    EXPECT_EQ(socket.closed_with, CloseCode::NoPong);
    EXPECT_EQ(hits(Limit::PingInterval), 1U);
}

TEST_F(MqttTunnelTest, EndsWithItsToken) {
    assert_on_listener_thread();
    make();
    tunnel->begin(somebody(clock.unix_ms() / 1000 + 30));
    accept_as_broker();
    advance(seconds(15));
    tunnel->on_life();
    EXPECT_FALSE(socket.closed_with);

    advance(seconds(16));

    EXPECT_EQ(socket.closed_with, CloseCode::TokenExpired);
}

TEST_F(MqttTunnelTest, AReloadEndsWhatLeadsElsewhereOrIsNotLetInAnyMore) {
    assert_on_listener_thread();
    const std::string elsewhere = "[mqtt_tunnel]\nto = \"127.0.0.2:1883\"\n";
    const struct {
        std::string toml;
        std::optional<CloseCode> code;
    } cases[] = {
        {to_here() + "[limits]\nframe = \"32KiB\"\n", std::nullopt},
        {elsewhere, CloseCode::StateReset},
        {"version = 1\n", CloseCode::Forbidden},
        {to_here() + "[auth]\nanonymous = \"deny\"\n", CloseCode::Forbidden},
        {to_here() + "[listener]\norigins = [\"https://example.com\"]\n", std::nullopt},
    };
    for (const auto& [toml, code] : cases) {
        log.text.clear();
        broker.reset();
        socket.closed_with.reset();
        begin();
        reload(toml);
        EXPECT_EQ(socket.closed_with, code) << toml;
        tunnel->on_closed();
        tunnel.reset();
        state->tunnels.stop();
        turn();
    }
}

TEST_F(MqttTunnelTest, AReloadBeforeItBeganCounts) {
    assert_on_listener_thread();
    make();
    state->config = snapshot_of("version = 1\n");

    tunnel->begin(somebody());

    EXPECT_EQ(socket.closed_with, CloseCode::Forbidden);
    EXPECT_EQ(registry.size(), 0U);
}

TEST_F(MqttTunnelTest, ADrainEndsAll) {
    assert_on_listener_thread();
    begin();

    state->tunnels.close_all(CloseCode::Shutdown, "shutdown");

    EXPECT_EQ(socket.closed_with, CloseCode::Shutdown);
    EXPECT_EQ(state->tunnels.size(), 1U) << "until the connection is gone";
    turn_until([&] { return !hear(); });
}

TEST_F(MqttTunnelTest, IsRefusedWhereItsUserHasTooManyOrSocketsRunOut) {
    assert_on_listener_thread();
    make("[limits]\nconnections_per_user = 1\n");
    Visitor anna;
    anna.identity.user = "anna";
    const SessionAccessPtr access =
        state->accesses.share(std::move(anna), *state->config->access->policy);
    EXPECT_FALSE(tunnel->refuse(*access));
    tunnel->begin(access);

    const auto refusal = tunnel->refuse(*access);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->http_status, 429);
    EXPECT_EQ(hits(Limit::ConnectionsPerUser), 1U);

    for (int i = 0; i < 97; ++i) (void)connections.enter();
    const auto no_sockets = tunnel->refuse(*somebody());
    ASSERT_TRUE(no_sockets);
    EXPECT_EQ(no_sockets->http_status, 503);
}

}  // namespace
}  // namespace rtbridge
