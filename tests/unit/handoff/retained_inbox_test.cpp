#include "handoff/retained_inbox.h"

#include <gtest/gtest.h>

#include <thread>

#include "fakes/fake_doorbell.h"

namespace rtbridge {
namespace {

class RetainedInboxTest : public ::testing::Test {
protected:
    RetainedInboxTest() { assert_on_broker_thread(); }
    static SteadyTime at_once() { return SteadyTime{}; }
    static SteadyTime late() { return std::chrono::steady_clock::now() + std::chrono::minutes(1); }
    RetainedInbox::Batch fetch(std::size_t most = 100) {
        assert_on_broker_thread();
        return inbox.fetch(most);
    }

    FakeDoorbell doorbell;
    RetainedInbox inbox{{.messages_max = 2, .bytes_max = 10}, doorbell};
};

TEST_F(RetainedInboxTest, GivesWhatCameInOrderAndThenHowItEnded) {
    ASSERT_TRUE(inbox.push({"a", "1"}, at_once()));
    ASSERT_TRUE(inbox.push({"b", "2"}, at_once()));
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
    ASSERT_TRUE(inbox.push({"a", "1"}, at_once()));
    EXPECT_FALSE(inbox.push({"b", "123456789"}, at_once())) << "bytes";
    ASSERT_TRUE(inbox.push({"b", "2"}, at_once()));
    EXPECT_FALSE(inbox.push({"c", "3"}, at_once())) << "messages";
}

TEST_F(RetainedInboxTest, ALargerOneComesAlone) {
    ASSERT_TRUE(inbox.push({"a", std::string(100, 'x')}, at_once()));
    EXPECT_FALSE(inbox.push({"b", "2"}, at_once()));
    EXPECT_EQ(fetch().messages.size(), 1U);
    EXPECT_TRUE(inbox.push({"b", "2"}, at_once()));
}

TEST_F(RetainedInboxTest, TheReaderWaitsForRoom) {
    ASSERT_TRUE(inbox.push({"a", "1"}, at_once()));
    ASSERT_TRUE(inbox.push({"b", "2"}, at_once()));
    bool pushed = false;
    std::thread reader([&] { pushed = inbox.push({"c", "3"}, late()); });

    std::size_t got = 0;
    while (got < 3) got += fetch(1).messages.size();

    reader.join();
    EXPECT_TRUE(pushed);
}

TEST_F(RetainedInboxTest, ClosedItEndsTheWait) {
    ASSERT_TRUE(inbox.push({"a", "1"}, at_once()));
    ASSERT_TRUE(inbox.push({"b", "2"}, at_once()));
    bool pushed = true;
    std::thread reader([&] { pushed = inbox.push({"c", "3"}, late()); });

    inbox.close();

    reader.join();
    EXPECT_FALSE(pushed);
    EXPECT_FALSE(inbox.push({"c", "3"}, late()));
}

}  // namespace
}  // namespace rtbridge
