#include "handoff/failed_sample.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

FailedSample of_topic(const char* topic) {
    FailedSample sample;
    sample.topic = topic;
    return sample;
}

TEST(FailedSampleSlot, KeepsTheNewestOfEachSecond) {
    FailedSampleSlot slot;
    SteadyTime now{std::chrono::hours(1)};
    EXPECT_EQ(slot.get(), nullptr);
    ASSERT_TRUE(slot.wanted(now));
    slot.put(of_topic("first"), now);
    EXPECT_FALSE(slot.wanted(now + std::chrono::milliseconds(999)));
    now += std::chrono::seconds(1);
    ASSERT_TRUE(slot.wanted(now));
    const auto held = slot.get();
    slot.put(of_topic("second"), now);
    EXPECT_EQ(slot.get()->topic, "second");
    EXPECT_EQ(held->topic, "first") << "stays with who has it";
}

}  // namespace
}  // namespace rtbridge
