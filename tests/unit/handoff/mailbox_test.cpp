#include "handoff/mailbox.h"

#include <gtest/gtest.h>

#include <thread>

#include "handoff/config_snapshot.h"

namespace rtbridge {
namespace {

// These tests play both ends of the mailbox; the compiler's thread check stays out of it.
#define BOTH_THREADS RTBRIDGE_THREAD_ATTRIBUTE(no_thread_safety_analysis)

UpdatePtr update(std::uint64_t offset, std::size_t payload_bytes = 0) {
    Update u;
    u.offset = offset;
    u.payload.assign(payload_bytes, 'x');
    return std::make_shared<const Update>(std::move(u));
}

struct CountingWakeup final : Wakeup {
    int calls = 0;
    void wake() noexcept override { ++calls; }
};

struct Ends {
    explicit Ends(Mailbox::Limits limits) : mailbox(limits) {}
    Mailbox mailbox;
    std::size_t push(UpdatePtr u) BOTH_THREADS { return mailbox.push(std::move(u)); }
    std::vector<std::uint64_t> drain() BOTH_THREADS {
        std::vector<std::uint64_t> offsets;
        MailboxBatch batch;
        mailbox.drain(batch);
        for (const UpdatePtr& u : batch.updates) offsets.push_back(u->offset);
        return offsets;
    }
    void wake(Wakeup& wakeup) BOTH_THREADS { mailbox.wake_if_sleeping(wakeup); }
    bool fall_asleep() BOTH_THREADS { return mailbox.fall_asleep(); }
};

TEST(Mailbox, DeliversOldestFirst) {
    Ends ends({.updates_max = 3, .bytes_max = MiB});

    for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(ends.push(update(i)), 0U);

    EXPECT_EQ(ends.drain(), (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_EQ(ends.mailbox.depth(), 0U);
}

TEST(Mailbox, DropsTheOldestWhenFullAndSaysHowMany) {
    Ends ends({.updates_max = 2, .bytes_max = MiB});

    ends.push(update(1));
    ends.push(update(2));

    EXPECT_EQ(ends.push(update(3)), 1U);
    EXPECT_EQ(ends.drain(), (std::vector<std::uint64_t>{2, 3}));
}

TEST(Mailbox, IsBoundedInBytesToo) {
    Ends ends({.updates_max = 100, .bytes_max = 10 * KiB});

    for (std::uint64_t i = 1; i <= 4; ++i) ends.push(update(i, 2 * KiB));

    EXPECT_EQ(ends.push(update(5, 9 * KiB)), 4U);
    EXPECT_EQ(ends.drain(), (std::vector<std::uint64_t>{5}));
}

TEST(Mailbox, AnUpdateLargerThanTheBoundPassesAlone) {
    Ends ends({.updates_max = 100, .bytes_max = 1 * KiB});

    ends.push(update(1));

    EXPECT_EQ(ends.push(update(2, 5 * KiB)), 1U);
    EXPECT_EQ(ends.drain(), (std::vector<std::uint64_t>{2}));
}

TEST(Mailbox, WakesASleepingListenerOncePerBurst) {
    Ends ends({.updates_max = 100, .bytes_max = MiB});
    CountingWakeup wakeup;
    EXPECT_TRUE(ends.fall_asleep());

    for (std::uint64_t i = 1; i <= 10; ++i) ends.push(update(i));
    ends.wake(wakeup);
    ends.wake(wakeup);

    EXPECT_EQ(wakeup.calls, 1);
}

TEST(Mailbox, DoesNotWakeAListenerThatIsAwakeOrHasNothingToDo) {
    Ends ends({.updates_max = 100, .bytes_max = MiB});
    CountingWakeup wakeup;

    ends.push(update(1));
    ends.wake(wakeup);
    EXPECT_EQ(wakeup.calls, 0);

    ends.drain();
    EXPECT_TRUE(ends.fall_asleep());
    ends.wake(wakeup);
    EXPECT_EQ(wakeup.calls, 0);
}

TEST(Mailbox, RefusesToSleepOverWaitingUpdates) {
    Ends ends({.updates_max = 100, .bytes_max = MiB});

    ends.push(update(1));

    EXPECT_FALSE(ends.fall_asleep());
}

TEST(Mailbox, KeepsOrderBetweenTwoThreads) {
    Ends ends({.updates_max = 1'000'000, .bytes_max = 1024 * MiB});
    constexpr std::uint64_t count = 20'000;

    std::thread broker([&] {
        for (std::uint64_t i = 1; i <= count; ++i) ends.push(update(i));
    });
    std::uint64_t expected = 1;
    while (expected <= count) {
        for (const std::uint64_t offset : ends.drain()) ASSERT_EQ(offset, expected++);
    }
    broker.join();
}

TEST(Mailbox, CarriesAnswersAndWakesForThem) {
    assert_on_broker_thread();
    Mailbox mailbox({});
    mailbox.push_answers({{1, PublishResult::Taken}});
    mailbox.push_answers({{2, PublishResult::DroppedByRule}});
    EXPECT_EQ(mailbox.depth(), 2U);

    is_listener_thread = true;
    assert_on_listener_thread();
    EXPECT_FALSE(mailbox.fall_asleep());
    MailboxBatch batch;
    mailbox.drain(batch);
    EXPECT_TRUE(mailbox.fall_asleep());
    is_listener_thread = false;

    ASSERT_EQ(batch.answers.size(), 2U);
    EXPECT_EQ(batch.answers[1].id, 2U);
    EXPECT_EQ(batch.answers[1].result, PublishResult::DroppedByRule);
    EXPECT_EQ(mailbox.depth(), 0U);
}

}  // namespace
}  // namespace rtbridge
