#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "access/mqtt_access.h"
#include "config/config_loader.h"

// What a delivery to one of many MQTT subscribers costs the broker thread in checks.

namespace rtbridge {
namespace {

class NoLog final : public LogSink {
public:
    void write(LogLevel, std::string_view) override {}
};

// `rules` rules, one for each site.
std::string acl_for_sites(std::int64_t rules) {
    std::string text = "[acl]\n";
    for (std::int64_t i = 0; i < rules; ++i) {
        text +=
            "[[acl.rule]]\nallow = [\"publish\", \"receive\", \"subscribe\"]\ntopics = [\"site" +
            std::to_string(i) + "/battery/+/state\"]\n";
    }
    return text;
}

struct Fixture {
    explicit Fixture(std::int64_t rules) {
        Diagnostics diagnostics;
        const auto config = parse_config(acl_for_sites(rules), "acl.toml", diagnostics);
        if (!config) std::abort();
        access.adopt(std::make_shared<Access>(Access{Authenticator::create(*config, diagnostics),
                                                     Policy::compile(*config, diagnostics)}),
                     *config);
    }
    LoginThrottle throttle;
    Metrics metrics;
    SystemClock clock;
    NoLog log;
    MqttAccess access{{throttle, metrics, clock, log, [](const void*) { return std::string(); }}};
};

// 100 subscribers in turn, as a fan-out asks about them.
void BM_MqttReceive(benchmark::State& state) {
    Fixture fixture(state.range(0));
    std::vector<std::string> ids;
    for (int i = 0; i < 100; ++i) ids.push_back("dashboard-" + std::to_string(i));
    const std::string topic =
        "site" + std::to_string(state.range(0) / 2) + "/battery/device7/state";
    std::size_t at = 0;
    for (auto _ : state) {
        const MqttClient client{
            .connection = &ids[at], .id = ids[at], .user = "anna", .address = "192.0.2.7"};
        bool allowed = fixture.access.allows(client, MqttRequest::Receive, topic);
        benchmark::DoNotOptimize(allowed);
        if (++at == ids.size()) at = 0;
    }
}
BENCHMARK(BM_MqttReceive)->ArgName("rules")->Arg(10)->Arg(1'000)->Arg(10'000);

void BM_MqttReceiveFiltered(benchmark::State& state) {
    Fixture fixture(state.range(0));
    const MqttClient client{
        .connection = &fixture, .id = "dashboard", .user = "anna", .address = "192.0.2.7"};
    for (auto _ : state) {
        bool allowed = fixture.access.allows(client, MqttRequest::Receive, "plant/7/temperature");
        benchmark::DoNotOptimize(allowed);
    }
}
BENCHMARK(BM_MqttReceiveFiltered)->ArgName("rules")->Arg(10)->Arg(10'000);

// A client that goes on publishing where it may not: the price of the refusal's log line.
void BM_MqttPublishRefused(benchmark::State& state) {
    Fixture fixture(state.range(0));
    const MqttClient client{
        .connection = &fixture, .id = "pump", .user = "anna", .address = "192.0.2.7"};
    for (auto _ : state) {
        bool allowed = fixture.access.allows(client, MqttRequest::Publish, "plant/7/temperature");
        benchmark::DoNotOptimize(allowed);
    }
}
BENCHMARK(BM_MqttPublishRefused)->ArgName("rules")->Arg(10)->Arg(10'000);

}  // namespace
}  // namespace rtbridge
