// What the plugin learns of MQTT clients beside their publishes, and shows to browsers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <optional>
#include <string>

#include "broker.h"
#include "websocket_client.h"

namespace rtbridge {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view open_acl = "[acl]\ndefault = \"allow\"\n";
constexpr std::string_view devices = "[broker]\ndevices = [\"pump*\"]\n";
constexpr std::string_view rules = "[[rule]]\nname = \"r\"\ntopics = [\"gone\"]\n";

const fake_client pump = {"pump-1", "anna", "192.0.2.7"};

class Clients : public ::testing::Test {
protected:
    void load(std::string_view first, std::string_view second) {
        ASSERT_EQ(broker.load_rules(std::string(first) + std::string(second) + std::string(rules)),
                  MOSQ_ERR_SUCCESS)
            << broker.whole_log();
        auto opened = WebSocketClient::open(broker.port(), "/ws");
        ASSERT_TRUE(opened);
        browser.emplace(*std::move(opened));
    }
    std::string shown() {
        broker.tick();
        return browser->read_text().value_or("nothing");
    }

    Broker broker;
    std::optional<WebSocketClient> browser;
};

TEST_F(Clients, AWillGoesToBrowsersWhenTheTurnIsOver) {
    load(open_acl, "");
    fake_broker_disconnect(&pump, -1);
    EXPECT_EQ(fake_broker_check_will(&pump, "gone", "{\"dead\":1}", false), MOSQ_ERR_SUCCESS);
    EXPECT_EQ(shown(), "{\"dead\":1}");
}

TEST_F(Clients, AWillComesBeforeThePublishThatFollowsIt) {
    load(open_acl, "");
    fake_broker_disconnect(&pump, -1);
    EXPECT_EQ(fake_broker_check_will(&pump, "gone", "{\"dead\":1}", false), MOSQ_ERR_SUCCESS);
    EXPECT_EQ(broker.publish({"gone", "{\"dead\":0}"}).rc, MOSQ_ERR_SUCCESS);
    EXPECT_EQ(shown(), "{\"dead\":1}");
    EXPECT_EQ(shown(), "{\"dead\":0}");
}

TEST_F(Clients, APublishIsShownOnceThoughTheBrokerAskedFirst) {
    load(open_acl, "");
    const fake_client sender{"device-1", "device", "127.0.0.1"};
    EXPECT_EQ(fake_broker_check_will(&sender, "gone", "{\"n\":1}", false), MOSQ_ERR_SUCCESS);
    EXPECT_EQ(broker.publish({"gone", "{\"n\":1}"}).rc, MOSQ_ERR_SUCCESS);
    fake_broker_disconnect(&sender, -1);
    broker.tick();
    EXPECT_EQ(broker.publish({"gone", "{\"n\":2}"}).rc, MOSQ_ERR_SUCCESS);
    EXPECT_EQ(shown(), "{\"n\":1}");
    EXPECT_EQ(shown(), "{\"n\":2}");
}

TEST_F(Clients, TheBrokerIsAskedForNoMoreThanDevicesNeed) {
    load(devices, "");
    const std::size_t since_2_1 = fake_broker_is_2_1() ? 1 : 0;
    EXPECT_EQ(fake_broker_callback_count(MOSQ_EVT_BASIC_AUTH), 0U);
    EXPECT_EQ(fake_broker_callback_count(MOSQ_EVT_ACL_CHECK), 0U);
    EXPECT_EQ(fake_broker_callback_count(MOSQ_EVT_DISCONNECT), 1U);
    EXPECT_EQ(fake_broker_callback_count(FAKE_EVT_CONNECT), since_2_1);
    EXPECT_EQ(fake_broker_callback_count(FAKE_EVT_CLIENT_OFFLINE), since_2_1);
}

TEST_F(Clients, ADeviceIsOnlineUntilItLeaves) {
    load(devices, "");
    EXPECT_EQ(broker.publish({.topic = "x", .payload = "1", .client = pump}).rc, MOSQ_ERR_SUCCESS);
    EXPECT_THAT(shown(), HasSubstr(R"({"client":"pump-1","user":"anna","online":true,)"
                                   R"("cause":"publish","at":)"));
    fake_broker_disconnect(&pump, -1);
    EXPECT_THAT(shown(), HasSubstr(R"("online":false,"cause":"unknown","at":)"));
}

TEST_F(Clients, Mosquitto21SaysWhoConnectsAndWhyTheyLeave) {
    if (!fake_broker_is_2_1()) GTEST_SKIP() << "2.0 does not";
    load(devices, "");
    fake_broker_connect(&pump);
    EXPECT_THAT(shown(), HasSubstr(R"("online":true,"cause":"connect","at":)"));
    fake_broker_go_offline(&pump, MOSQ_ERR_KEEPALIVE);
    EXPECT_THAT(shown(), HasSubstr(R"("online":false,"cause":"keepalive","at":)"));
}

}  // namespace
}  // namespace rtbridge
