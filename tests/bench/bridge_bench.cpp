// What rtbridge adds to the broker thread for a publish and for a turn of its loop, hand-off to a
// real listener included.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "bridge.h"
#include "fakes/fake_doorbell.h"

// NOLINTBEGIN(readability-identifier-naming): Google Benchmark names are BM_Name/size:n.
// NOLINTBEGIN(clang-analyzer-deadcode.DeadStores): "for (auto _ : state)" is its idiom.
namespace rtbridge {
namespace {

class NoBroker final : public Broker {
public:
    bool publish(const std::string&, const std::string&, int, bool) override { return true; }
    void kick(const std::string&) override {}
    std::string certificate_name(const void*) override { return {}; }
};

class NoLog final : public LogSink {
public:
    void write(LogLevel, std::string_view) override {}
};

struct Running {
    explicit Running(std::int64_t threads) {
        const std::string path = std::filesystem::temp_directory_path() /
                                 ("rtbridge-bench-" + std::to_string(getpid()) + ".toml");
        std::ofstream(path) << "version = 1\n[listener]\nbind = \"127.0.0.1:0\"\nthreads = "
                            << threads
                            << "\n[[rule]]\nname = \"battery\"\ntopics = [\"battery/topic\"]\n"
                               "key = \"{payload.userId}\"\nbattery = {}\nmqtt = \"replace\"\n";
        assert_on_broker_thread();
        bridge = Bridge::create({path, {}}, broker, doorbell, log, clock);
        std::filesystem::remove(path);
        if (bridge == nullptr) std::abort();
    }
    NoBroker broker;
    FakeDoorbell doorbell;
    NoLog log;
    SystemClock clock;
    std::unique_ptr<Bridge> bridge;
};

void publish_and_tick(benchmark::State& state, const Publish& publish) {
    Running running(state.range(0));
    assert_on_broker_thread();
    for (auto _ : state) {
        benchmark::DoNotOptimize(running.bridge->on_publish(publish, 0));
        running.bridge->on_tick();
    }
}

void BM_BridgeMatchedPublishAndTick(benchmark::State& state) {
    publish_and_tick(
        state, {.topic = "battery/topic",
                .payload = R"({"userId":"user-1","batteryPercent":80,"batteryPower":1200.5,)"
                           R"("at":1760000000000,"voltage":48.25,"site":"north","cycles":1042})"});
}
BENCHMARK(BM_BridgeMatchedPublishAndTick)->ArgName("threads")->Arg(1)->Arg(4);

void BM_BridgeUnmatchedPublishAndTick(benchmark::State& state) {
    publish_and_tick(state, {.topic = "other/topic", .payload = "21.5"});
}
BENCHMARK(BM_BridgeUnmatchedPublishAndTick)->ArgName("threads")->Arg(1);

void BM_BridgeTick(benchmark::State& state) {
    Running running(1);
    assert_on_broker_thread();
    for (auto _ : state) running.bridge->on_tick();
}
BENCHMARK(BM_BridgeTick);

}  // namespace
}  // namespace rtbridge
// NOLINTEND(clang-analyzer-deadcode.DeadStores)
// NOLINTEND(readability-identifier-naming)
