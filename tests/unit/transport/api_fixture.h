#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "configuration.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_doorbell.h"
#include "listener/test_policy.h"
#include "transport/api.h"

namespace rtbridge {

// Log lines, for the eyes of a test.
class LogLines final : public LogSink {
public:
    void write(LogLevel /*level*/, std::string_view line) override { text.append(line) += '\n'; }
    std::string text;
};

// Requests to the HTTP API with everything around it. The test's thread plays the listener, and the
// threads that check passwords.
class ApiTest : public testing::Test {
protected:
    void SetUp() override {
        is_listener_thread = true;
        RuleConfig rule;
        rule.name.value = "battery";
        rule.topics = {{"battery/#", {}}};
        rule.key = Placed<std::string>{"{payload.meta.userId}", {}};
        rule.battery = BatteryConfig{};
        config.access = Configuration::built_in().access;
        config.rules.push_back({rule, "userId", std::make_shared<RuleStatistics>()});
        metrics.last_tick = clock.now();
    }
    void TearDown() override { is_listener_thread = false; }

    // Runs with [auth] and [acl] of this text from now on.
    void use(const std::string& toml) {
        Diagnostics diagnostics;
        const auto parsed = parse_config("version = 1\n" + toml, "test.toml", diagnostics);
        ASSERT_TRUE(parsed);
        auto authenticator = Authenticator::create(*parsed, diagnostics);
        auto policy = Policy::compile(*parsed, diagnostics);
        ASSERT_TRUE(authenticator && policy);
        config.auth = parsed->auth;
        config.listener = parsed->listener;
        config.limits = parsed->limits;
        config.access =
            std::make_shared<const Access>(Access{std::move(authenticator), std::move(policy)});
        assert_on_listener_thread();
        accesses.clear();
    }

    [[nodiscard]] static HttpRequest request_of(HttpMethod method, std::string path) {
        HttpRequest request;
        request.method = method;
        request.path = std::move(path);
        request.facts = {"127.0.0.1", "localhost", std::nullopt, false};
        request.facts.client_address = request.facts.peer_address;
        return request;
    }
    [[nodiscard]] HttpReply get(std::string path,
                                std::vector<std::pair<std::string, std::string>> query = {}) {
        HttpRequest request = request_of(HttpMethod::Get, std::move(path));
        request.query = std::move(query);
        return ask(request);
    }
    // Checks that would run beside the loop run at once.
    [[nodiscard]] HttpReply ask(const HttpRequest& request) {
        assert_on_listener_thread();
        Answer answered = answer(request, context());
        if (const auto* const check = std::get_if<LoginCheck>(&answered)) {
            ++checks;
            const CheckedLogin checked = check->run();
            answered = answer(request, context(), &checked);
        }
        return std::get<HttpReply>(answered);
    }
    [[nodiscard]] ApiContext context() {
        return {config, sessions,  metrics,  clock,    started,   draining,
                logins, passwords, accesses, refusals, publishes, file_streams};
    }
    void fan_out(const std::deque<UpdatePtr>& updates) {
        assert_on_listener_thread();
        std::deque<UpdatePtr> numbered;
        for (const UpdatePtr& update : updates) {
            Update copy = *update;
            copy.offset = ++newest_offset;
            numbered.push_back(std::make_shared<const Update>(std::move(copy)));
        }
        sessions.fan_out(numbered);
    }
    [[nodiscard]] std::uint64_t hits(Limit limit) const {
        return metrics.limits.at(static_cast<std::size_t>(limit)).value();
    }

    ConfigSnapshot config;
    Metrics metrics;
    FakeClock clock;
    LogLines log;
    SharedLogins logins;
    LoginCache passwords;
    SessionAccessPool accesses;
    LogLimiter refusals{log};
    SessionRegistry registry;
    Sessions sessions{{metrics, clock, registry, "epoch"}, LimitsConfig{}};
    std::uint64_t newest_offset = 0;
    FakeDoorbell doorbell;
    PublishDesk publishes{{}, doorbell, metrics, clock};
    FileStreams file_streams;
    SteadyTime started = clock.now();
    bool draining = false;
    int checks = 0;  // that ran beside the loop
};

}  // namespace rtbridge
