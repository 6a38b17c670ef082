#include "retained/retained_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "fakes/fake_mqtt_listener.h"

namespace rtbridge {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

// A broker thread that sleeps until it is rung.
class WaitingDoorbell final : public Doorbell {
public:
    void ring() noexcept override {
        {
            const std::lock_guard lock(mutex_);
            rung_ = true;
        }
        changed_.notify_all();
    }
    void answered() noexcept override {}
    void wait() {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [this] { return rung_; }));
        rung_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool rung_ = false;
};

class RetainedReaderTest : public ::testing::Test {
protected:
    void start(RetainedReader::Limits limits = {}, MqttLogin login = {.client_id = "r"}) {
        auto started =
            RetainedReader::start({broker.address(), std::move(login), {"a/#"}}, limits, doorbell);
        ASSERT_TRUE(started.ok()) << started.error();
        reader = std::move(started).value();
    }
    // All messages until it ended.
    RetainedOutcome finish(std::vector<std::string>* topics = nullptr) {
        assert_on_broker_thread();
        for (;;) {
            RetainedInbox::Batch batch = reader->inbox().fetch(1000);
            if (topics != nullptr) {
                for (const RetainedMessage& m : batch.messages) topics->push_back(m.topic);
            }
            if (batch.outcome) return *batch.outcome;
            doorbell.wait();
        }
    }

    FakeMqttListener broker;
    WaitingDoorbell doorbell;
    std::unique_ptr<RetainedReader> reader;
};

TEST_F(RetainedReaderTest, ReadsWhatTheBrokerHas) {
    broker.listen();
    start({}, {"r", "r", "secret"});
    broker.accept();
    broker.hear(connect_packet({"r", "r", "secret"}, 60));
    broker.say("\x20\2\0\0"s);
    broker.hear(subscribe_packet(1, std::vector<std::string>{"a/#"}));
    broker.say("\x90\3\0\1\0"s + "\x31\6\0\3a/1x"s + "\x31\6\0\3a/2y"s);
    broker.hear("\xc0\0"s);
    broker.say("\xd0\0"s);
    broker.hear("\xe0\0"s);

    std::vector<std::string> topics;
    const RetainedOutcome outcome = finish(&topics);

    EXPECT_TRUE(outcome.ok);
    EXPECT_EQ(outcome.problem, "");
    EXPECT_THAT(topics, testing::ElementsAre("a/1", "a/2"));
}

TEST_F(RetainedReaderTest, TriesUntilTheBrokerListens) {
    start();
    broker.listen();
    broker.accept();
    broker.say("\x20\2\0\5"s);
    const RetainedOutcome outcome = finish();
    EXPECT_FALSE(outcome.ok);
    EXPECT_TRUE(outcome.refused);
}

TEST_F(RetainedReaderTest, GivesUpWhereNobodyListens) {
    start({.connect_time = std::chrono::milliseconds(1)});
    const RetainedOutcome outcome = finish();
    EXPECT_FALSE(outcome.ok);
    EXPECT_FALSE(outcome.refused);
    EXPECT_THAT(outcome.problem, HasSubstr("Connection refused, tried for 0 s"));
}

TEST_F(RetainedReaderTest, SaysThatTheBrokerHungUp) {
    broker.listen();
    start();
    broker.accept();
    broker.hear(connect_packet({.client_id = "r"}, 60));
    broker.hang_up();
    EXPECT_THAT(finish().problem, HasSubstr("the broker hung up; is that a plain MQTT listener"));
}

TEST_F(RetainedReaderTest, ABrokerThatSaysNothingCostsItsTimeAndNoMore) {
    broker.listen();
    start({.read_time = std::chrono::milliseconds(1)});
    const RetainedOutcome outcome = finish();
    EXPECT_FALSE(outcome.ok);
    EXPECT_NE(outcome.problem, "");
}

TEST_F(RetainedReaderTest, EndsWhereverItIs) {
    start();
    reader.reset();  // while it tries to connect

    broker.listen();
    start();
    broker.accept();
    reader.reset();  // while it waits for CONNACK
}

TEST_F(RetainedReaderTest, WhatDoesNotFitEndsIt) {
    broker.listen();
    start({.inbox = {.bytes_max = 3}});
    broker.accept();
    broker.say("\x20\2\0\0"s + "\x90\3\0\1\0"s + "\x31\6\0\3a/1x"s);
    const RetainedOutcome outcome = finish();
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.problem, "it is more than fits");
}

}  // namespace
}  // namespace rtbridge
