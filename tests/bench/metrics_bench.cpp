#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/stopwatch.h"
#include "handoff/session_registry.h"

namespace {

using namespace rtbridge;

void BM_RecordTime(benchmark::State& state) {
    Histogram histogram;
    std::int64_t value = 0;
    for (auto _ : state) {
        value = (value + 7'919) % 2'000'000;  // up to 2 ms, in no bucket twice in a row
        histogram.record(std::chrono::nanoseconds(value));
    }
    benchmark::DoNotOptimize(histogram.read());
}
BENCHMARK(BM_RecordTime);

// What a publish pays for being timed, and for not being among those that are.
void BM_TimePublish(benchmark::State& state) {
    const SystemClock clock;
    Histogram histogram;
    const auto every = static_cast<std::uint32_t>(state.range(0));
    std::uint32_t untimed = 0;
    for (auto _ : state) {
        const bool timed = untimed == 0;
        untimed = timed ? every - 1 : untimed - 1;
        const Stopwatch watch(timed ? &histogram : nullptr, clock);
        benchmark::ClobberMemory();
    }
}
BENCHMARK(BM_TimePublish)->ArgName("every")->Arg(1)->Arg(17);

void BM_SessionTotals(benchmark::State& state) {
    SessionRegistry registry;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        auto record = std::make_shared<SessionRecord>();
        record->transport = "websocket";
        registry.add(std::move(record), {});
    }
    for (auto _ : state) benchmark::DoNotOptimize(registry.totals());
}
BENCHMARK(BM_SessionTotals)->ArgName("sessions")->Arg(100)->Arg(10'000);

}  // namespace
