#include "listener/timer_wheel.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace rtbridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TimerWheelTest : public testing::Test {
protected:
    [[nodiscard]] std::vector<const TimerWheel::Entry*> due_after(milliseconds passed) {
        now += passed;
        std::vector<const TimerWheel::Entry*> due;
        wheel.advance(now, [&due](TimerWheel::Entry& one) { due.push_back(&one); });
        return due;
    }
    SteadyTime now{seconds(1000)};
    TimerWheel wheel{now};
    TimerWheel::Entry entry;
};

TEST_F(TimerWheelTest, AnEntryComesUpOnceAndNotBeforeItIsDue) {
    wheel.schedule(entry, now + seconds(2));

    EXPECT_EQ(due_after(milliseconds(1'999)).size(), 0U);
    EXPECT_EQ(due_after(milliseconds(501)).size(), 1U);
    EXPECT_EQ(due_after(seconds(100)).size(), 0U);
}

TEST_F(TimerWheelTest, SchedulingAgainReplaces) {
    wheel.schedule(entry, now + seconds(1));
    wheel.schedule(entry, now + seconds(5));

    EXPECT_EQ(due_after(seconds(4)).size(), 0U);
    EXPECT_EQ(due_after(seconds(2)).size(), 1U);
}

TEST_F(TimerWheelTest, WhatIsDueInThePastComesUpNext) {
    wheel.schedule(entry, now - seconds(10));

    EXPECT_EQ(due_after(TimerWheel::tick * 2).size(), 1U);
}

TEST_F(TimerWheelTest, WhatIsFarAwayComesUpEarlyRatherThanLate) {
    wheel.schedule(entry, now + std::chrono::hours(1));

    EXPECT_EQ(due_after(seconds(70)).size(), 1U);
}

TEST_F(TimerWheelTest, AfterALongSleepEverythingComesUp) {
    std::deque<TimerWheel::Entry> entries(100);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        wheel.schedule(entries[i], now + milliseconds(i * 500));
    }

    EXPECT_EQ(due_after(std::chrono::hours(2)).size(), 100U);
}

TEST_F(TimerWheelTest, AnEntryThatIsGoneComesUpNoMore) {
    {
        TimerWheel::Entry gone;
        wheel.schedule(entry, now + seconds(1));
        wheel.schedule(gone, now + seconds(1));
    }

    const auto due = due_after(seconds(2));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due.front(), &entry);
}

TEST_F(TimerWheelTest, AnEntryMayBeScheduledWhileItComesUp) {
    wheel.schedule(entry, now + seconds(1));
    int seen = 0;
    for (int i = 0; i < 20; ++i) {
        now += milliseconds(250);
        wheel.advance(now, [&](TimerWheel::Entry& due) {
            ++seen;
            wheel.schedule(due, now + seconds(1));
        });
    }

    EXPECT_GE(seen, 3);
    EXPECT_LE(seen, 5);
}

}  // namespace
}  // namespace rtbridge
