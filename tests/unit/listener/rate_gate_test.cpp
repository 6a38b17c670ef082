#include "listener/rate_gate.h"

#include <gtest/gtest.h>

#include "listener/updates.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;

class RateGateTest : public testing::Test {
protected:
    SteadyTime now{std::chrono::seconds(1000)};
    Metrics metrics;
    PacingBudget budget{metrics};
    RateGate gate{milliseconds(100), budget};
    [[nodiscard]] std::uint64_t passed() const {
        return metrics.limits.at(static_cast<std::size_t>(Limit::Pacing)).value();
    }
};

TEST_F(RateGateTest, TheFirstPassesAndTheNextWaits) {
    EXPECT_TRUE(gate.offer(make_update("a", "1"), now).passes);
    EXPECT_FALSE(gate.offer(make_update("a", "2"), now).passes);
    EXPECT_TRUE(gate.offer(make_update("b", "1"), now).passes);
    EXPECT_TRUE(gate.offer(make_update("a", "1", "key"), now).passes);

    EXPECT_EQ(gate.next_release(), now + milliseconds(100));
}

TEST_F(RateGateTest, OfThoseThatWaitTheNewestPasses) {
    const UpdatePtr second = make_update("a", "2");
    (void)gate.offer(make_update("a", "1"), now);
    EXPECT_EQ(gate.offer(second, now).superseded, nullptr);
    EXPECT_EQ(gate.offer(make_update("a", "3"), now).superseded, second);

    const auto released = gate.release(now + milliseconds(100));

    ASSERT_EQ(released.size(), 1U);
    EXPECT_EQ(released.front()->payload, "3");
    EXPECT_FALSE(gate.next_release());
}

TEST_F(RateGateTest, WhatPassedAfterWaitingClosesTheGateAgain) {
    (void)gate.offer(make_update("a", "1"), now);
    (void)gate.offer(make_update("a", "2"), now);
    (void)gate.release(now + milliseconds(100));

    EXPECT_FALSE(gate.offer(make_update("a", "3"), now + milliseconds(150)).passes);
    EXPECT_EQ(gate.release(now + milliseconds(200)).size(), 1U);
}

TEST_F(RateGateTest, AfterTheIntervalItIsOpen) {
    (void)gate.offer(make_update("a", "1"), now);

    EXPECT_TRUE(gate.offer(make_update("a", "2"), now + milliseconds(100)).passes);
}

TEST_F(RateGateTest, WhatIsReleasedTogetherIsInOrder) {
    for (const char* topic : {"c", "a", "b"}) (void)gate.offer(make_update(topic, "1"), now);
    for (const char* topic : {"b", "c", "a"}) (void)gate.offer(make_update(topic, topic), now);

    const auto released = gate.release(now + milliseconds(100));

    ASSERT_EQ(released.size(), 3U);
    EXPECT_EQ(released[0]->payload, "b");
    EXPECT_EQ(released[1]->payload, "c");
    EXPECT_EQ(released[2]->payload, "a");
}

TEST_F(RateGateTest, BeyondItsBoundUpdatesPass) {
    for (std::size_t i = 0; i < RateGate::slots_max; ++i) {
        ASSERT_TRUE(gate.offer(make_update(std::to_string(i), "1"), now).passes);
    }

    EXPECT_TRUE(gate.offer(make_update("one more", "1"), now).passes);
    EXPECT_TRUE(gate.offer(make_update("one more", "2"), now).passes);
    EXPECT_EQ(passed(), 2U);
    // Once the others' time has passed there is room.
    (void)gate.offer(make_update("one more", "3"), now + milliseconds(200));
    EXPECT_FALSE(gate.offer(make_update("one more", "4"), now + milliseconds(200)).passes);
}

TEST_F(RateGateTest, AllGatesTogetherAreBounded) {
    PacingBudget small(metrics, 2);
    RateGate first(milliseconds(100), small);
    {
        RateGate second(milliseconds(100), small);
        (void)first.offer(make_update("a", "1"), now);
        (void)second.offer(make_update("a", "1"), now);

        EXPECT_TRUE(first.offer(make_update("b", "1"), now).passes);
        EXPECT_TRUE(first.offer(make_update("b", "2"), now).passes);
        EXPECT_FALSE(first.offer(make_update("a", "2"), now).passes);
        EXPECT_EQ(passed(), 2U);
    }

    (void)first.offer(make_update("b", "3"), now);
    EXPECT_FALSE(first.offer(make_update("b", "4"), now).passes);
}

TEST_F(RateGateTest, VariantsHaveARateOfTheirOwn) {
    EXPECT_TRUE(gate.offer(make_variant("a", "1", 0, 2), now).passes);
    EXPECT_TRUE(gate.offer(make_variant("a", "1", 1, 2), now).passes);
    EXPECT_FALSE(gate.offer(make_variant("a", "2", 1, 2), now).passes);

    EXPECT_EQ(gate.release(now + milliseconds(100)).size(), 1U);
}

}  // namespace
}  // namespace rtbridge
