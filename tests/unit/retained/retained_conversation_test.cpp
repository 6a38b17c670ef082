#include "retained/retained_conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using namespace std::string_literals;
using State = RetainedConversation::State;
using testing::ElementsAre;

const std::string connack = "\x20\2\0\0"s;
const std::string pingreq = "\xc0\0"s;
const std::string pingresp = "\xd0\0"s;
const std::string disconnect = "\xe0\0"s;

std::string suback(std::uint8_t id, const std::string& codes) {
    return "\x90"s + static_cast<char>(codes.size() + 2) + '\0' + static_cast<char>(id) + codes;
}
std::string publish(const std::string& topic, const std::string& payload, bool retain = true) {
    const std::string body =
        '\0' + std::string(1, static_cast<char>(topic.size())) + topic + payload;
    return std::string(1, retain ? '\x31' : '\x30') + static_cast<char>(body.size()) + body;
}

class RetainedConversationTest : public ::testing::Test {
protected:
    RetainedConversation begin(std::vector<std::string> filters,
                               RetainedConversation::Limits limits = {}) {
        RetainedConversation talk({.client_id = "r"}, std::move(filters), limits);
        EXPECT_EQ(talk.take_output(), connect_packet({.client_id = "r"}, 60));
        return talk;
    }
    static std::vector<std::string> texts(RetainedConversation& talk) {
        std::vector<std::string> texts;
        for (const RetainedMessage& m : talk.take_messages())
            texts.push_back(m.topic + "=" + m.payload);
        return texts;
    }
};

TEST_F(RetainedConversationTest, SubscribesAndEndsWithTheAnswerToItsPing) {
    RetainedConversation talk = begin({"a/#", "b"});
    talk.take(connack);
    EXPECT_EQ(talk.take_output(), subscribe_packet(1, std::vector<std::string>{"a/#", "b"}));
    // Mosquitto sends some of it before it acknowledges.
    talk.take(publish("a/1", "x") + suback(1, "\0\0"s) + publish("b", "y"));
    EXPECT_EQ(talk.take_output(), pingreq);
    EXPECT_EQ(talk.state(), State::Talking);

    talk.take(pingresp);

    EXPECT_EQ(talk.state(), State::Over);
    EXPECT_EQ(talk.take_output(), disconnect);
    EXPECT_THAT(texts(talk), ElementsAre("a/1=x", "b=y"));
    EXPECT_EQ(talk.problem(), "");
    EXPECT_EQ(talk.left_out(), 0U);
}

TEST_F(RetainedConversationTest, WhatIsLiveOrEmptyDoesNotCount) {
    RetainedConversation talk = begin({"#"});
    talk.take(connack + suback(1, "\0"s) + publish("live", "x", false) + publish("empty", "") +
              publish("kept", "y") + pingresp);
    EXPECT_THAT(texts(talk), ElementsAre("kept=y"));
}

TEST_F(RetainedConversationTest, ManyFiltersGoInSeveralPackets) {
    std::vector<std::string> filters(250, "a");
    RetainedConversation talk = begin(filters);
    talk.take(connack);
    EXPECT_EQ(talk.take_output(), subscribe_packet(1, std::vector<std::string>(100, "a")));
    talk.take(suback(1, std::string(100, '\0')));
    EXPECT_EQ(talk.take_output(), subscribe_packet(2, std::vector<std::string>(100, "a")));
    talk.take(suback(2, std::string(100, '\0')));
    EXPECT_EQ(talk.take_output(), subscribe_packet(3, std::vector<std::string>(50, "a")));
    talk.take(suback(3, std::string(50, '\0')));
    EXPECT_EQ(talk.take_output(), pingreq);
}

TEST_F(RetainedConversationTest, ARefusedLoginIsSaidInWords) {
    const struct {
        char code;
        const char* why;
    } cases[] = {
        {1, "the broker does not speak MQTT 3.1.1"},
        {2, "the broker does not take the client id"},
        {3, "the broker is not available"},
        {4, "the broker refused user name or password"},
        {5, "the broker did not let it in (not authorised)"},
        {77, "the broker answered CONNECT with code 77"},
    };
    for (const auto& c : cases) {
        RetainedConversation talk = begin({"a"});
        talk.take("\x20\2\0"s + c.code);
        EXPECT_EQ(talk.state(), State::Failed);
        EXPECT_TRUE(talk.refused());
        EXPECT_EQ(talk.problem(), c.why);
        EXPECT_EQ(talk.take_output(), "");
    }
}

TEST_F(RetainedConversationTest, WhatIsNotMqttOrNotInOrderFails) {
    const char* const no_mqtt = "what answers there does not speak MQTT";
    const char* const no_sense = "the broker sent a packet that makes no sense";
    const struct {
        std::string said;
        const char* why;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n" + std::string(100, ' '), no_mqtt},
        {publish("a", "x"), no_mqtt},  // before CONNACK
        {"\x20\3\0\0\0"s, no_mqtt},
        {connack + connack, no_sense},
        {connack + suback(1, "\0\0"s), no_sense},  // of two filters, asked was one
        {connack + "\x33\4\0\1a\0"s, no_sense},    // QoS 1
        {connack + "\x31\xff\xff\xff\xff\x01"s, no_mqtt},
    };
    for (const auto& c : cases) {
        RetainedConversation talk = begin({"a"});
        talk.take(c.said);
        EXPECT_EQ(talk.state(), State::Failed) << c.said;
        EXPECT_FALSE(talk.refused());
        EXPECT_EQ(talk.problem(), c.why) << c.said;
    }
}

TEST_F(RetainedConversationTest, ARefusedFilterIsToldAndTheOthersGoOn) {
    RetainedConversation talk = begin({"a", "b", "c"});
    talk.take(connack + suback(1, "\0\x80\x80"s) + publish("a", "x") + pingresp);
    EXPECT_EQ(talk.state(), State::Over);
    EXPECT_THAT(texts(talk), ElementsAre("a=x"));
    EXPECT_EQ(talk.problem(), "the broker does not let it subscribe to \"b\" and 1 more");
}

TEST_F(RetainedConversationTest, StopsAtItsLimits) {
    const struct {
        RetainedConversation::Limits limits;
        const char* problem;
    } cases[] = {
        {{.messages_max = 2}, "the rest beyond 2 messages, 4 bytes, was left out"},
        {{.bytes_max = 5}, "the rest beyond 2 messages, 4 bytes, was left out"},
    };
    for (const auto& c : cases) {
        RetainedConversation talk = begin({"#"}, c.limits);
        talk.take(connack + suback(1, "\0"s) + publish("a", "1") + publish("b", "2") +
                  publish("c", "3") + publish("d", "4"));
        EXPECT_EQ(talk.state(), State::Over);
        EXPECT_THAT(texts(talk), ElementsAre("a=1", "b=2"));
        EXPECT_EQ(talk.problem(), c.problem);
        EXPECT_EQ(talk.left_out(), 1U);
    }
}

TEST_F(RetainedConversationTest, LeavesOutAMessageThatIsTooLarge) {
    RetainedConversation talk = begin({"#"}, {.message_bytes_max = 4});
    talk.take(connack + suback(1, "\0"s) + publish("a", "1234") + publish("b", "123") +
              publish("c", "12345", false) + pingresp);
    EXPECT_THAT(texts(talk), ElementsAre("b=123"));
    EXPECT_EQ(talk.problem(), "1 messages above 4 bytes were left out");
    EXPECT_EQ(talk.left_out(), 1U);
}

}  // namespace
}  // namespace rtbridge
