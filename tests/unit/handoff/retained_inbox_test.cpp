#include "handoff/retained_inbox.h"

#include <gtest/gtest.h>

#include <thread>

#include "fakes/fake_doorbell.h"

namespace rtbridge {
namespace {

class RetainedInboxTest : public ::testing::Test {
protected:
    RetainedInboxTest() { assert_on_broker_thread(); }
    RetainedInbox::Batch fetch(std::size_t most = 100) {
        assert_on_broker_thread();
        return inbox.fetch(most);
    }

    FakeDoorbell doorbell;
    RetainedInbox inbox{{.messages_max = 2, .bytes_max = 10}, doorbell};
};

TEST_F(RetainedInboxTest, GivesWhatCameInOrderAndThenHowItEnded) {
    ASSERT_TRUE(inbox.push({"a", "1"}));
    ASSERT_TRUE(inbox.push({"b", "2"}));
    inbox.finish({.ok = true, .problem = "p"});
    EXPECT_EQ(doorbell.rings, 3);
    EXPECT_TRUE(inbox.any_waiting());

    const RetainedInbox::Batch first = fetch(1);
    ASSERT_EQ(first.messages.size(), 1U);
    EXPECT_EQ(first.messages[0].topic, "a");
    EXPECT_FALSE(first.outcome);
    EXPECT_TRUE(inbox.any_waiting());

    const RetainedInbox::Batch second = fetch();
    ASSERT_EQ(second.messages.size(), 1U);
    EXPECT_EQ(second.messages[0].payload, "2");
    ASSERT_TRUE(second.outcome);
    EXPECT_EQ(second.outcome->problem, "p");
    EXPECT_FALSE(inbox.any_waiting());
}

TEST_F(RetainedInboxTest, TakesNoMoreThanItsLimits) {
    ASSERT_TRUE(inbox.push({"a", "1"}));
    EXPECT_FALSE(inbox.push({"b", "123456789"})) << "bytes";
    ASSERT_TRUE(inbox.push({"b", "2"}));
    EXPECT_FALSE(inbox.push({"c", "3"})) << "messages";
}

TEST_F(RetainedInboxTest, WhatIsFetchedMakesRoom) {
    ASSERT_TRUE(inbox.push({"a", "123456789"}));
    EXPECT_FALSE(inbox.push({"b", "2"}));
    EXPECT_EQ(fetch().messages.size(), 1U);
    EXPECT_TRUE(inbox.push({"b", "2"}));
}

TEST_F(RetainedInboxTest, LosesNothingBetweenTheThreads) {
    RetainedInbox large{{}, doorbell};
    std::thread reader([&] {
        for (int i = 0; i < 1000; ++i) EXPECT_TRUE(large.push({std::to_string(i), "x"}));
        large.finish({.ok = true});
    });
    assert_on_broker_thread();
    int next = 0;
    for (bool over = false; !over;) {
        const RetainedInbox::Batch batch = large.fetch(7);
        for (const RetainedMessage& message : batch.messages) {
            EXPECT_EQ(message.topic, std::to_string(next++));
        }
        over = batch.outcome.has_value();
    }
    reader.join();
    EXPECT_EQ(next, 1000);
}

}  // namespace
}  // namespace rtbridge
