// Logins and access checks: registered where the configuration has a use for them, and whatever is
// odd about a question is answered with no.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <string>

#include "broker.h"

namespace rtbridge {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* login_only = "[auth]\nmqtt = true\nanonymous = \"role:guest\"\n";
constexpr const char* own_topics =
    "[acl]\n[[acl.rule]]\n"
    "allow = [\"publish\", \"receive\", \"subscribe\"]\ntopics = [\"own/{user}\"]\n";

const fake_client anna = {"pump", "anna", "192.0.2.7"};
const fake_client nobody = {"pump", nullptr, "192.0.2.7"};

struct Registrations {
    std::size_t login, check, disconnect;
    bool operator==(const Registrations&) const = default;
};
Registrations registrations() {
    return {fake_broker_callback_count(MOSQ_EVT_BASIC_AUTH),
            fake_broker_callback_count(MOSQ_EVT_ACL_CHECK),
            fake_broker_callback_count(MOSQ_EVT_DISCONNECT)};
}

std::string config_with(std::string_view sections) {
    return "version = 1\n" + std::string(Broker::any_port) + std::string(sections);
}

TEST(Access, TheBrokerIsToldOfNoMoreThanTheConfigurationNeeds) {
    const struct {
        std::string sections;
        Registrations expected;
    } cases[] = {{"", {0, 0, 0}},
                 {"[auth]\n", {0, 0, 0}},
                 {login_only, {1, 0, 1}},
                 {own_topics, {0, 1, 1}},
                 {std::string(login_only) + own_topics, {1, 1, 1}}};
    for (const auto& c : cases) {
        Broker broker;
        ASSERT_EQ(broker.load_rules(c.sections), MOSQ_ERR_SUCCESS) << broker.whole_log();

        EXPECT_EQ(registrations(), c.expected) << c.sections;
    }
}

TEST(Access, AReloadRegistersAndUnregisters) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(""), MOSQ_ERR_SUCCESS) << broker.whole_log();
    EXPECT_EQ(fake_broker_check_access(&anna, MOSQ_ACL_WRITE, "x", false), MOSQ_ERR_PLUGIN_DEFER);
    for (int round = 0; round < 2; ++round) {
        broker.write_config(config_with(std::string(login_only) + own_topics));
        broker.reload();
        EXPECT_EQ(registrations(), (Registrations{1, 1, 1}));
        EXPECT_EQ(fake_broker_login(&nobody, nullptr), MOSQ_ERR_SUCCESS);
        EXPECT_EQ(fake_broker_check_access(&nobody, MOSQ_ACL_WRITE, "x", false),
                  MOSQ_ERR_ACL_DENIED);

        broker.write_config(config_with("[acl]\ndefault = \"all\"\n"));  // a mistake
        broker.reload();
        EXPECT_EQ(registrations(), (Registrations{1, 1, 1}));

        broker.write_config(config_with(""));
        broker.reload();
        EXPECT_EQ(registrations(), (Registrations{0, 0, 0}));
    }
}

TEST(Access, ChecksGoByTheUserThatTheBrokerReports) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(own_topics), MOSQ_ERR_SUCCESS) << broker.whole_log();
    const struct {
        int access;
        const char* topic;
        bool retain;
        int expected;
    } cases[] = {
        {MOSQ_ACL_WRITE, "own/anna", false, MOSQ_ERR_SUCCESS},
        {MOSQ_ACL_WRITE, "own/anna", true, MOSQ_ERR_ACL_DENIED},
        {MOSQ_ACL_WRITE, "own/bob", false, MOSQ_ERR_ACL_DENIED},
        {MOSQ_ACL_READ, "own/anna", false, MOSQ_ERR_SUCCESS},
        {MOSQ_ACL_READ, "own/bob", true, MOSQ_ERR_ACL_DENIED},
        {MOSQ_ACL_SUBSCRIBE, "#", false, MOSQ_ERR_SUCCESS},
        {MOSQ_ACL_SUBSCRIBE, "$share/g/own/bob", false, MOSQ_ERR_ACL_DENIED},
        {MOSQ_ACL_UNSUBSCRIBE, "own/bob", false, MOSQ_ERR_SUCCESS},
        {MOSQ_ACL_UNSUBSCRIBE, "a/#/b", false, MOSQ_ERR_SUCCESS},
        {MOSQ_ACL_NONE, "own/anna", false, MOSQ_ERR_ACL_DENIED},
        {0x40, "own/anna", false, MOSQ_ERR_ACL_DENIED},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(fake_broker_check_access(&anna, c.access, c.topic, c.retain), c.expected)
            << c.access << " " << c.topic;
    }
    broker.tick();
    EXPECT_THAT(broker.log(MOSQ_LOG_NOTICE),
                Contains(HasSubstr("client \"pump\" (user \"anna\", 192.0.2.7) may not publish "
                                   "\"own/bob\": no rule allows publish")));
}

TEST(Access, WhatIsMissingInAQuestionIsNoReasonToSayYes) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(std::string(login_only) + "[acl]\ndefault = \"allow\"\n"),
              MOSQ_ERR_SUCCESS)
        << broker.whole_log();
    const fake_client without_id = {nullptr, "anna", "192.0.2.7"};
    const fake_client id_only = {"pump", nullptr, nullptr};

    EXPECT_EQ(fake_broker_check_access(nullptr, MOSQ_ACL_WRITE, "x", false), MOSQ_ERR_ACL_DENIED);
    EXPECT_EQ(fake_broker_check_access(&anna, MOSQ_ACL_WRITE, nullptr, false), MOSQ_ERR_ACL_DENIED);
    EXPECT_EQ(fake_broker_check_access(&without_id, MOSQ_ACL_WRITE, "x", false),
              MOSQ_ERR_ACL_DENIED);
    EXPECT_EQ(fake_broker_login(&without_id, nullptr), MOSQ_ERR_AUTH);
    EXPECT_EQ(fake_broker_login(&anna, nullptr), MOSQ_ERR_AUTH);
    EXPECT_EQ(fake_broker_login(&anna, "secret"), MOSQ_ERR_AUTH);
    // Without a certificate, user or address somebody is still anonymous.
    EXPECT_EQ(fake_broker_login(&id_only, nullptr), MOSQ_ERR_SUCCESS);
    EXPECT_EQ(fake_broker_check_access(&id_only, MOSQ_ACL_WRITE, "x", false), MOSQ_ERR_SUCCESS);
    fake_broker_disconnect(nullptr, 0);
    fake_broker_disconnect(&without_id, 0);  // a socket that never sent CONNECT
    fake_broker_disconnect(&id_only, 0);
    broker.tick();
    EXPECT_THAT(broker.log(MOSQ_LOG_NOTICE), Not(Contains(HasSubstr("secret"))));
}

TEST(Access, TheAuthorOfARetainedMessageIsJudgedWithoutBecomingAClient) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(std::string(own_topics) +
                                "[[acl.rule]]\nuser = \"anna\"\nallow = [\"publish_retained\"]\n"
                                "topics = [\"#\"]\n"),
              MOSQ_ERR_SUCCESS)
        << broker.whole_log();
    ASSERT_EQ(fake_broker_check_access(&anna, MOSQ_ACL_WRITE, "own/anna", true), MOSQ_ERR_SUCCESS);

    EXPECT_EQ(fake_broker_check_author(&anna, "own/anna"), MOSQ_ERR_SUCCESS);
    EXPECT_EQ(fake_broker_check_author(&anna, "own/bob"), MOSQ_ERR_ACL_DENIED);
    EXPECT_EQ(fake_broker_check_access(&anna, MOSQ_ACL_WRITE, "own/anna", false), MOSQ_ERR_SUCCESS);
}

TEST(Access, AReloadThatTakesAllRightsKicksOutOfTheTick) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(own_topics), MOSQ_ERR_SUCCESS) << broker.whole_log();
    ASSERT_EQ(fake_broker_check_access(&anna, MOSQ_ACL_SUBSCRIBE, "#", false), MOSQ_ERR_SUCCESS);
    broker.write_config(config_with("[acl]\n"));
    broker.reload();
    EXPECT_EQ(fake_broker_kicked_count(), 0U);

    broker.tick();

    ASSERT_EQ(fake_broker_kicked_count(), 1U);
    EXPECT_STREQ(fake_broker_kicked(0), "pump");
    fake_broker_disconnect(&anna, 0);
    broker.tick();
    EXPECT_EQ(fake_broker_kicked_count(), 1U);
}

}  // namespace
}  // namespace rtbridge
