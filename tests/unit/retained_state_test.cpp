#include "retained_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/access.h"
#include "access/login_throttle.h"
#include "access/mqtt_access_fixture.h"
#include "fakes/fake_mqtt_listener.h"

namespace rtbridge {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = RetainedStatus::State;

class QuietDoorbell final : public Doorbell {
public:
    void ring() noexcept override {}
    void answered() noexcept override {}
};

std::string publish(const std::string& topic, const std::string& payload) {
    const std::string body =
        '\0' + std::string(1, static_cast<char>(topic.size())) + topic + payload;
    return "\x31"s + static_cast<char>(body.size()) + body;
}

class RetainedStateTest : public ::testing::Test {
protected:
    // `topics`: of one rule each.
    void adopt(const std::vector<std::string>& topics, const std::string& section) {
        assert_on_broker_thread();
        std::string text = section;
        for (std::size_t i = 0; i < topics.size(); ++i) {
            text += "\n[[rule]]\nname = \"r" + std::to_string(i) + "\"\ntopics = [\"" + topics[i] +
                    "\"]\n";
        }
        Diagnostics diagnostics;
        const auto config = parse_config(text, "t.toml", diagnostics);
        ASSERT_TRUE(config) << to_test_text(diagnostics);
        retained.adopt(*config);
    }
    void adopt(const std::vector<std::string>& topics) { adopt(topics, connect()); }
    [[nodiscard]] std::string connect() const {
        return "[broker]\nconnect = \"127.0.0.1:" + std::to_string(broker.address().port) + "\"\n";
    }
    // A broker that has `messages`, asked for `filters`.
    void serve(const std::vector<std::string>& filters, const std::string& messages) {
        broker.accept();
        connect_body = broker.hear_packet();
        broker.say("\x20\2\0\0"s);
        broker.hear(subscribe_packet(1, filters));
        broker.say("\x90"s + static_cast<char>(2 + filters.size()) + "\0\1"s +
                   std::string(filters.size(), '\0') + messages);
        broker.hear("\xc0\0"s);
        broker.say("\xd0\0"s);
        broker.hear("\xe0\0"s);
    }
    // What browsers are shown, until the reading is over.
    std::vector<std::string> shown() {
        assert_on_broker_thread();
        std::vector<std::string> texts;
        while (retained.status().state == State::Reading) {
            retained.take(
                1, [&](const RetainedMessage& m) { texts.push_back(m.topic + "=" + m.payload); });
            std::this_thread::yield();
        }
        return texts;
    }
    void live(std::string_view topic) {
        assert_on_broker_thread();
        retained.note_live(topic);
    }
    bool changed() {
        assert_on_broker_thread();
        return retained.take(0, [](const RetainedMessage&) {});
    }

    FakeMqttListener broker;
    std::string connect_body;
    QuietDoorbell doorbell;
    FakeClock clock;
    RecordingLog log;
    Metrics metrics;
    LoginThrottle throttle;
    MqttAccess access{{throttle, metrics, clock, log, [](const void*) { return std::string(); }}};
    RetainedState retained{{.topics_live_max = 2}, {doorbell, access, metrics, clock, log}};
};

TEST_F(RetainedStateTest, WithoutAnAddressNothingIsRead) {
    adopt({"a/#"}, "version = 1\n");
    EXPECT_EQ(retained.status().state, State::Off);
    EXPECT_FALSE(retained.any_waiting());
    EXPECT_TRUE(log.lines.empty());
}

TEST_F(RetainedStateTest, ReadsTheTopicsOfTheRulesOnce) {
    broker.listen();
    adopt({"a/{id}/x", "b", "a/+/x"});
    EXPECT_EQ(retained.status().state, State::Reading);
    EXPECT_TRUE(changed());
    EXPECT_FALSE(changed());
    serve({"a/+/x", "b"}, publish("a/1/x", "1") + publish("b", "2") + publish("b", "2"));

    EXPECT_THAT(shown(), ElementsAre("a/1/x=1", "b=2"));

    EXPECT_EQ(retained.status().state, State::Read);
    EXPECT_EQ(metrics.retained_read.value(), 2U);
    EXPECT_EQ(metrics.retained_outdated.value(), 0U);
    EXPECT_THAT(log.lines,
                ElementsAre(HasSubstr("rtbridge: 2 retained messages read from 127.0.0.1:")));
}

TEST_F(RetainedStateTest, WhatWasPublishedMeanwhileIsNewer) {
    broker.listen();
    adopt({"#"});
    live("b");
    serve({"#"}, publish("a", "old") + publish("b", "old"));

    EXPECT_THAT(shown(), ElementsAre("a=old"));

    EXPECT_EQ(metrics.retained_outdated.value(), 1U);
    EXPECT_THAT(log.lines, ElementsAre(HasSubstr(", 1 were out of date")));
}

TEST_F(RetainedStateTest, LogsInByNameOnlyWhereLoginsAreOurs) {
    broker.listen();
    adopt({"a"});
    serve({"a"}, "");
    EXPECT_EQ(connect_body[7], 0x02);
    EXPECT_THAT(shown(), IsEmpty());

    RetainedState ours{{}, {doorbell, access, metrics, clock, log}};
    Diagnostics diagnostics;
    const auto config = parse_config("[auth]\nmqtt = true\nanonymous = \"role:x\"\n" + connect() +
                                         "[[rule]]\nname = \"r\"\ntopics = [\"a\"]\n",
                                     "t.toml", diagnostics);
    ASSERT_TRUE(config) << to_test_text(diagnostics);
    assert_on_broker_thread();
    ours.adopt(*config);
    broker.accept();
    EXPECT_EQ(broker.hear_packet()[7], '\xc2');
}

TEST_F(RetainedStateTest, AReloadReadsOnlyWhatIsNew) {
    broker.listen();
    adopt({"a/1"});
    serve({"a/1"}, publish("a/1", "x"));
    EXPECT_THAT(shown(), ElementsAre("a/1=x"));

    adopt({"a/1"});
    EXPECT_EQ(retained.status().state, State::Read) << "nothing new";

    adopt({"a/1", "a/#"});
    serve({"a/#"}, publish("a/1", "x") + publish("a/2", "y"));
    EXPECT_THAT(shown(), ElementsAre("a/2=y")) << "a/1 was seen live since";
    EXPECT_EQ(metrics.retained_outdated.value(), 0U);
}

TEST_F(RetainedStateTest, AReadingThatFailedIsRepeatedAtTheNextReload) {
    broker.listen();
    adopt({"#"});
    broker.accept();
    broker.hear_packet();
    broker.say("\x20\2\0\5"s);
    EXPECT_THAT(shown(), IsEmpty());
    EXPECT_EQ(retained.status().state, State::Failed);
    EXPECT_EQ(retained.status().error,
              "the broker did not let it in (not authorised): let clients of this machine in there "
              "without a name (allow_anonymous true), or set mqtt = true in [auth]");
    ASSERT_EQ(log.lines.size(), 1U);
    EXPECT_THAT(log.lines[0], HasSubstr("rtbridge: broker.connect: retained messages could not be "
                                        "read from 127.0.0.1:"));
    live("b");

    adopt({"#"});
    serve({"#"}, publish("a", "old") + publish("b", "old"));

    EXPECT_THAT(shown(), ElementsAre("a=old")) << "b was published since the start";
    EXPECT_EQ(retained.status().state, State::Read);
}

TEST_F(RetainedStateTest, AddedAtAReloadItWaitsForTheNextStart) {
    adopt({"#"}, "version = 1\n");
    EXPECT_FALSE(retained.waits_for_restart());
    adopt({"#"});
    EXPECT_TRUE(retained.waits_for_restart());
    EXPECT_EQ(retained.status().state, State::Off);
    adopt({"#"}, "version = 1\n");
    EXPECT_FALSE(retained.waits_for_restart());
}

TEST_F(RetainedStateTest, TakenAwayItEndsAtOnce) {
    broker.listen();
    adopt({"#"});
    broker.accept();
    adopt({"#"}, "version = 1\n");
    EXPECT_EQ(retained.status().state, State::Off);
    EXPECT_FALSE(retained.any_waiting());
}

TEST_F(RetainedStateTest, GivesUpWhereTooMuchIsPublishedMeanwhile) {
    broker.listen();
    adopt({"#"});
    live("a");
    live("a");
    live("b");
    EXPECT_EQ(retained.status().state, State::Reading);
    live("c");
    EXPECT_EQ(retained.status().state, State::Failed);
    EXPECT_EQ(metrics.limits.at(static_cast<std::size_t>(Limit::Retained)).value(), 1U);
    adopt({"#"});
    EXPECT_TRUE(retained.waits_for_restart());
    EXPECT_EQ(retained.status().state, State::Failed);
}

TEST_F(RetainedStateTest, WithoutRulesThereIsNothingToRead) {
    adopt({});
    EXPECT_EQ(retained.status().state, State::Read);
}

}  // namespace
}  // namespace rtbridge
