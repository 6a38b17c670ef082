#pragma once

#include <gtest/gtest.h>
#include <uv.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "access/private_folder.h"
#include "access/token_mint.h"
#include "config/config_text.h"
#include "configuration.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_doorbell.h"
#include "fakes/fake_socketio_socket.h"
#include "listener/test_policy.h"
#include "transport/listener_state.h"
#include "transport/socketio_application.h"

namespace rtbridge {

class NoLogLines final : public LogSink {
public:
    void write(LogLevel /*level*/, std::string_view /*line*/) override {}
};

class NoWakeup final : public Wakeup {
public:
    void wake() noexcept override {}
};

// A client and the handler that the application gave it.
struct FakeClient {
    FakeSocketIoSocket socket;
    std::unique_ptr<SocketIoHandler> handler;
};

// The Socket.IO application of one or two listeners, with everything around. The test's thread
// plays them.
class SocketIoTest : public testing::Test {
protected:
    struct Listener {
        Listener(SocketIoTest& test, ConfigSnapshotPtr config)
            : desk({.requests_max = 2}, test.doorbell, test.metrics, test.clock),
              state(std::move(config), test.metrics, test.clock, test.log, test.logins,
                    test.registry, desk, test.connections, "epoch", &test.loop),
              application(state, test.shared, test.wakeup) {}
        PublishDesk desk;
        ListenerState state;
        SocketIoApplication application;
    };

    void SetUp() override {
        is_listener_thread = true;
        uv_loop_init(&loop);
    }
    void TearDown() override {
        assert_on_listener_thread();
        for (const auto& client : clients) {
            if (client->handler) client->handler->on_disconnect("transport close");
        }
        clients.clear();
        finish_checks();
        here.reset();
        there.reset();
        EXPECT_EQ(uv_loop_close(&loop), 0);
        is_listener_thread = false;
    }

    // Runs with a configuration file of this text.
    void use(const std::string& toml) {
        const ConfigSnapshotPtr config = snapshot_of(toml);
        for (auto* listener : {&here, &there}) listener->emplace(*this, config);
    }
    void reload(const std::string& toml) {
        assert_on_listener_thread();
        const ConfigSnapshotPtr config = snapshot_of(toml);
        for (auto* listener : {&here, &there}) {
            (*listener)->state.accesses.clear();
            (*listener)->state.sessions.policy_changes();
            (*listener)->state.config = config;
        }
        for (const auto& client : clients) {
            if (client->handler) client->handler->recheck_access();
        }
    }
    [[nodiscard]] ConfigSnapshotPtr snapshot_of(const std::string& toml) const {
        Diagnostics diagnostics;
        const auto parsed = parse_config("version = 1\n" + toml, "test.toml", diagnostics);
        EXPECT_TRUE(parsed) << to_test_text(diagnostics);
        auto snapshot = std::make_shared<ConfigSnapshot>();
        snapshot->auth = parsed->auth;
        snapshot->listener = parsed->listener;
        snapshot->limits = parsed->limits;
        snapshot->socketio_events = SocketIoEvents::compile(parsed->socketio, diagnostics);
        snapshot->access = std::make_shared<const Access>(Access{
            Authenticator::create(*parsed, diagnostics), Policy::compile(*parsed, diagnostics)});
        snapshot->rules.push_back(
            {RuleConfig{}, "userId", std::make_shared<const RuleStatistics>()});
        EXPECT_EQ(to_test_text(diagnostics), "") << toml;
        return snapshot;
    }

    // A client that has sent CONNECT with `auth`.
    FakeClient& connect(const std::string& auth = "", std::optional<Listener>* at = nullptr,
                        std::vector<std::pair<std::string, std::string>> query = {}) {
        assert_on_listener_thread();
        auto& client = *clients.emplace_back(std::make_unique<FakeClient>());
        client.socket.its_handshake().query = std::move(query);
        client.handler = (at == nullptr ? here : *at)->application.connect("/", client.socket);
        client.handler->on_connect(auth);
        return client;
    }
    // The same, past what it is told then.
    FakeClient& connected(const std::string& auth = "", std::optional<Listener>* at = nullptr) {
        FakeClient& client = connect(auth, at);
        EXPECT_TRUE(client.socket.accepted);
        (void)client.socket.take();
        return client;
    }
    void disconnect(FakeClient& client) {
        assert_on_listener_thread();
        std::exchange(client.handler, nullptr)->on_disconnect("transport close");
    }
    // What the client gets when it has sent an event.
    std::string say(FakeClient& client, std::string_view event, std::string_view argument = {},
                    std::optional<std::uint64_t> ack_id = std::nullopt) {
        assert_on_listener_thread();
        SocketIoEvent said{event, {}, {}, ack_id};
        if (!argument.empty()) said.arguments.push_back(argument);
        client.handler->on_event(said);
        return client.socket.take();
    }
    // What is checked beside the loop comes to its end.
    void finish_checks() { uv_run(&loop, UV_RUN_DEFAULT); }
    // Announcements reach the clients of all listeners.
    void deliver() {
        assert_on_listener_thread();
        for (auto* listener : {&here, &there}) (*listener)->application.deliver_announcements();
    }
    void check_after(std::chrono::milliseconds time) {
        assert_on_listener_thread();
        clock.advance(time);
        for (auto* listener : {&here, &there}) (*listener)->application.check(clock.now());
        deliver();
    }
    void fan_out(const std::string& topic, const std::string& payload,
                 const std::string& key = {}) {
        assert_on_listener_thread();
        Update update;
        update.offset = ++offset;
        update.topic = topic;
        update.payload = payload;
        update.key_name = key.empty() ? "" : "userId";
        update.key = key;
        update.event = "data";
        std::deque<UpdatePtr> updates{std::make_shared<const Update>(std::move(update))};
        here->state.sessions.fan_out(updates);
    }
    std::vector<PublishDesk::Waiting> fetch_as_broker() {
        is_listener_thread = false;
        assert_on_broker_thread();
        auto waiting = here->desk.fetch(10);
        is_listener_thread = true;
        return waiting;
    }
    void answer(const PublishDesk::Waiting& waiting, PublishResult result) {
        assert_on_listener_thread();
        here->desk.deliver({{waiting.id, result}});
    }
    [[nodiscard]] std::uint64_t hits(Limit limit) const {
        return metrics.limits.at(static_cast<std::size_t>(limit)).value();
    }

    // [auth] by tokens of a shared secret, and such a token.
    [[nodiscard]] std::string with_tokens() const {
        const std::string file = folder.write("key", secret);
        return "[auth]\n[[auth.jwt]]\nalgorithms = [\"HS256\"]\nkeys_file = \"" + file + "\"\n";
    }
    [[nodiscard]] static std::string auth_of(const std::string& user, const std::string& role,
                                             std::int64_t expires_unix_s = 1'700'010'000) {
        const std::string claims = R"({"sub":")" + user + R"(","roles":[")" + role +
                                   R"("],"exp":)" + std::to_string(expires_unix_s) + "}";
        return R"({"token":")" + sign_hmac(R"({"alg":"HS256"})", claims, secret) + "\"}";
    }
    static inline const std::string secret = "0123456789abcdef0123456789abcdef";

    uv_loop_t loop{};
    PrivateFolder folder;
    Metrics metrics;
    FakeClock clock;
    NoLogLines log;
    SharedLogins logins;
    SharedConnections connections{100};
    SessionRegistry registry;
    FakeDoorbell doorbell;
    NoWakeup wakeup;
    SharedSocketIo shared{metrics};
    std::optional<Listener> here, there;
    std::vector<std::unique_ptr<FakeClient>> clients;
    std::uint64_t offset = 0;
};

}  // namespace rtbridge
