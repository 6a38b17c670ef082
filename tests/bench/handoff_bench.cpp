// What crossing from the broker thread to a listener costs the broker thread.

#include <benchmark/benchmark.h>

#include <utility>
#include <vector>

#include "handoff/config_snapshot.h"
#include "handoff/mailbox.h"

// NOLINTBEGIN(readability-identifier-naming): Google Benchmark names are BM_Name/size:n.
// NOLINTBEGIN(clang-analyzer-deadcode.DeadStores): "for (auto _ : state)" is its idiom.
namespace rtbridge {
namespace {

// One thread plays both ends; the compiler's thread check stays out of it.
#define BOTH_THREADS RTBRIDGE_THREAD_ATTRIBUTE(no_thread_safety_analysis)

UpdatePtr battery_update(std::uint64_t offset) {
    Update update;
    update.offset = offset;
    update.topic = "battery/topic";
    update.key_name = "userId";
    update.key = "user-1";
    update.payload.assign(100, 'x');
    return std::make_shared<const Update>(std::move(update));
}

// The making of an update is not part of the hand-off, but its release by the listener is.
void BM_MailboxPushAndDrain(benchmark::State& state) BOTH_THREADS {
    const auto batch = static_cast<std::size_t>(state.range(0));
    Mailbox mailbox({.updates_max = batch, .bytes_max = 64 * MiB});
    const UpdatePtr update = battery_update(1);
    MailboxBatch mail;

    for (auto _ : state) {
        for (std::size_t i = 0; i < batch; ++i) mailbox.push(update);
        mailbox.drain(mail);
        benchmark::DoNotOptimize(mail);
        mail.clear();
    }

    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_MailboxPushAndDrain)->ArgName("updates")->Arg(1)->Arg(100)->Arg(10'000);

void BM_MailboxMakeUpdateAndPush(benchmark::State& state) BOTH_THREADS {
    constexpr std::size_t batch = 1000;
    Mailbox mailbox({.updates_max = batch, .bytes_max = 64 * MiB});
    std::uint64_t offset = 0;
    MailboxBatch mail;

    for (auto _ : state) {
        mailbox.push(battery_update(++offset));
        if (offset % batch != 0) continue;
        state.PauseTiming();
        mailbox.drain(mail);
        benchmark::DoNotOptimize(mail);
        mail.clear();
        state.ResumeTiming();
    }

    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MailboxMakeUpdateAndPush);

// The worst case of a listener that does not keep up: each push throws the oldest update out.
void BM_MailboxPushWhenFull(benchmark::State& state) BOTH_THREADS {
    constexpr std::size_t updates_max = 65'536;
    Mailbox mailbox({.updates_max = updates_max, .bytes_max = 64 * MiB});
    const UpdatePtr update = battery_update(1);
    for (std::size_t i = 0; i < updates_max; ++i) mailbox.push(update);

    for (auto _ : state) benchmark::DoNotOptimize(mailbox.push(update));

    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MailboxPushWhenFull);

struct NoWakeup final : Wakeup {
    void wake() noexcept override {}
};

// Once per turn of the broker's loop, whatever happened in it.
void BM_WakeFlagWithNothingToDo(benchmark::State& state) BOTH_THREADS {
    Mailbox mailbox({});
    NoWakeup wakeup;

    for (auto _ : state) mailbox.wake_if_sleeping(wakeup);
}
BENCHMARK(BM_WakeFlagWithNothingToDo);

void BM_WakeFlagOfAnAwakeListener(benchmark::State& state) BOTH_THREADS {
    Mailbox mailbox({});
    NoWakeup wakeup;
    mailbox.push(battery_update(1));

    for (auto _ : state) mailbox.wake_if_sleeping(wakeup);
}
BENCHMARK(BM_WakeFlagOfAnAwakeListener);

// The listener's side: nothing waits, so it may sleep, and is awake again.
void BM_FallAsleepAndWakeUp(benchmark::State& state) BOTH_THREADS {
    Mailbox mailbox({});

    for (auto _ : state) {
        benchmark::DoNotOptimize(mailbox.fall_asleep());
        mailbox.awake();
    }
}
BENCHMARK(BM_FallAsleepAndWakeUp);

}  // namespace
}  // namespace rtbridge
// NOLINTEND(clang-analyzer-deadcode.DeadStores)
// NOLINTEND(readability-identifier-naming)
