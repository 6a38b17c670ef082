// What the MESSAGE event does to a publish: the side of the MQTT clients.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>

#include <string>

#include "broker.h"

namespace rtbridge {
namespace {

using testing::HasSubstr;

constexpr std::string_view rules = R"(
[[rule]]
name = "replaced"
topics = ["replace/{device}"]
battery = {}
set = { device = "{device}" }
mqtt = "replace"

[[rule]]
name = "kept"
topics = ["keep/#"]
battery = {}
mqtt = "keep"

[[rule]]
name = "published"
topics = ["publish/#"]
battery = {}
mqtt = "publish:live/{payload.userId}"

[[rule]]
name = "dropped"
topics = ["drop/#"]
battery = {}
on_invalid = "drop"
mqtt = "replace"

[[rule]]
name = "strict"
topics = ["strict/#"]
fields = { soc = "number 0..100" }
on_invalid = "quarantine"
)";

class Message : public ::testing::Test {
protected:
    Message() { loaded_ = broker.load_rules(rules) == MOSQ_ERR_SUCCESS; }
    void SetUp() override { ASSERT_TRUE(loaded_) << broker.whole_log(); }

    void expect_untouched(const Sent& sent) {
        const Delivered delivered = broker.publish(sent);
        EXPECT_EQ(delivered.rc, MOSQ_ERR_SUCCESS) << sent.topic;
        EXPECT_FALSE(delivered.replaced) << sent.topic;
        EXPECT_EQ(delivered.payload, sent.payload) << sent.topic;
        EXPECT_EQ(delivered.retain, sent.retain) << sent.topic;
    }

    Broker broker;

private:
    bool loaded_ = false;
};

constexpr const char* charging = R"({"userId":"u-1","batteryPower":1200})";
constexpr const char* charging_enriched =
    R"({"userId":"u-1","batteryPower":1200,"state":"Charging"})";

TEST_F(Message, ThatNoRuleMatchesPassesUntouched) {
    expect_untouched({"elsewhere", charging});
    EXPECT_EQ(fake_broker_queued_count(), 0U);
}

TEST_F(Message, OfAReplaceRuleReachesSubscribersEnriched) {
    const Delivered delivered = broker.publish({"replace/pump", charging, 1, true});

    EXPECT_EQ(delivered.rc, MOSQ_ERR_SUCCESS);
    EXPECT_EQ(delivered.payload,
              R"({"userId":"u-1","batteryPower":1200,"state":"Charging","device":"pump"})");
    EXPECT_TRUE(delivered.retain);
}

TEST_F(Message, OfAKeepRulePassesUntouched) {
    expect_untouched({"keep/pump", charging, 1, true});
}

TEST_F(Message, OfAPublishRulePassesAndGoesToTheOtherTopicWithItsQosAndRetain) {
    expect_untouched({"publish/pump", charging, 1, true});

    ASSERT_EQ(fake_broker_queued_count(), 1U);
    const fake_queued_publish queued = fake_broker_queued_publish(0);
    EXPECT_EQ(queued.client_id, nullptr) << "a client id would make it a message to one client";
    EXPECT_STREQ(queued.topic, "live/u-1");
    EXPECT_STREQ(queued.payload, charging_enriched);
    EXPECT_EQ(queued.qos, 1);
    EXPECT_TRUE(queued.retain);
}

TEST_F(Message, OfAPublishRuleGoesNowhereElseWhenTheTopicIsUnusable) {
    for (const char* user : {"", "a/b", "+", "#", "a\\u0007"}) {
        expect_untouched(
            {"publish/pump", R"({"batteryPower":1,"userId":")" + std::string(user) + "\"}"});
    }
    expect_untouched({"publish/pump", R"({"batteryPower":1})"});
    EXPECT_EQ(fake_broker_queued_count(), 0U);
}

TEST_F(Message, ThatADropRuleFindsInvalidReachesNobody) {
    EXPECT_EQ(broker.publish({"drop/pump", "no JSON", 1, true}).rc, MOSQ_ERR_ACL_DENIED);
    EXPECT_EQ(broker.publish({"drop/pump", R"({"batteryPower":"high"})"}).rc, MOSQ_ERR_ACL_DENIED);
    EXPECT_EQ(broker.publish({"drop/pump", charging}).rc, MOSQ_ERR_SUCCESS);
}

TEST_F(Message, ThatAQuarantineRuleFindsInvalidIsPublishedInAnEnvelope) {
    expect_untouched({"strict/7", R"({"soc":99})", 1, true});
    EXPECT_EQ(fake_broker_queued_count(), 0U);

    EXPECT_EQ(broker.publish({"strict/7", R"({"soc":120})", 1, true}).rc, MOSQ_ERR_ACL_DENIED);

    ASSERT_EQ(fake_broker_queued_count(), 1U);
    const fake_queued_publish queued = fake_broker_queued_publish(0);
    EXPECT_STREQ(queued.topic, "rtbridge/quarantine/strict");
    EXPECT_EQ(queued.qos, 1);
    EXPECT_FALSE(queued.retain);
    EXPECT_THAT(queued.payload, HasSubstr(R"("topic":"strict/7")"));
    EXPECT_THAT(queued.payload, HasSubstr(R"("rule":"strict","field":"soc","reason":"range",)"
                                          R"("message":"soc is 120, above 100","bytes":11,)"
                                          R"("payload":"eyJzb2MiOjEyMH0="})"));
}

TEST_F(Message, ThatClearsARetainedOnePassesUntouched) {
    for (const char* topic : {"replace/pump", "keep/pump", "publish/pump", "drop/pump"}) {
        const Delivered delivered = broker.publish({topic, "", 1, true});
        EXPECT_EQ(delivered.rc, MOSQ_ERR_SUCCESS) << topic;
        EXPECT_TRUE(delivered.payload_null) << topic;
        EXPECT_TRUE(delivered.retain) << topic;
    }
}

TEST_F(Message, ThatIsEmptyPassesWithoutRetainToo) {
    for (const char* topic : {"replace/pump", "keep/pump", "publish/pump", "drop/pump"}) {
        expect_untouched({topic, ""});
    }
}

TEST_F(Message, FromNobodyInParticularDoesNoHarm) {
    const fake_client nameless{nullptr, nullptr, nullptr};
    fake_delivery delivery = fake_broker_publish(&nameless, "replace/pump", charging, 36, 0, false);
    EXPECT_EQ(delivery.rc, MOSQ_ERR_SUCCESS);
    EXPECT_TRUE(delivery.replaced);
    fake_delivery_free(&delivery);

    delivery = fake_broker_publish(nullptr, "replace/pump", charging, 36, 0, false);
    EXPECT_EQ(delivery.rc, MOSQ_ERR_SUCCESS);
    EXPECT_TRUE(delivery.replaced);
    fake_delivery_free(&delivery);

    delivery = fake_broker_publish(nullptr, nullptr, charging, 36, 0, false);
    EXPECT_EQ(delivery.rc, MOSQ_ERR_SUCCESS);
    EXPECT_FALSE(delivery.replaced);
    fake_delivery_free(&delivery);
}

TEST_F(Message, OfAMebibyteIsEnrichedLikeAnyOther) {
    const std::string pad(1024 * 1024, 'x');

    const Delivered delivered =
        broker.publish({"replace/pump", R"({"batteryPower":-3,"pad":")" + pad + "\"}"});

    EXPECT_EQ(delivered.payload, R"({"batteryPower":-3,"pad":")" + pad +
                                     R"(","state":"Discharging","device":"pump"})");
}

TEST_F(Message, ThatIsHostilePassesUntouched) {
    const std::string cases[] = {
        "{",
        "[1,2",
        "null",
        "true",
        "\"batteryPower\"",
        "[{\"batteryPower\":1}]",
        "\xff\xfe{}",
        std::string("{\"batteryPower\":1}\0", 19),
        std::string("{\"battery\0Power\":1}", 19),
        std::string(100'000, '['),
        R"({"batteryPower":"5"})",
        R"({"batteryPower":null})",
        R"({"batteryPower":1e999})",
        R"({"batteryPower":NaN})",
        R"({"batteryPower":1})"
        "{}",
        R"({"batteryPower":1,})",
        "{\"batteryPower\":1,\"x\":\"\xc3\x28\"}",
        "{\"batteryPower\":1,\"x\":\"\n\"}",
        "{\"batteryPower\":1,\"x\":\"\\ud800\"}",
    };
    for (const std::string& payload : cases) {
        SCOPED_TRACE(payload.substr(0, 40));
        expect_untouched({"replace/pump", payload});
        expect_untouched({"publish/pump", payload});
    }
    EXPECT_EQ(fake_broker_queued_count(), 0U);
}

TEST_F(Message, ShownTwiceIsEnrichedToTheSameBytes) {
    // The broker shows a QoS 2 re-send again; other bytes would make it swap the stored copy.
    const Sent sent{"replace/pump", charging, 2};

    const Delivered first = broker.publish(sent);
    broker.tick();
    const Delivered second = broker.publish(sent);

    EXPECT_TRUE(first.replaced);
    EXPECT_EQ(first.payload, second.payload);
}

TEST_F(Message, PassesUntouchedWhenTheBrokerHasNoMemoryLeft) {
    fake_broker_exhaust_memory(true);
    expect_untouched({"replace/pump", charging});
    expect_untouched({"publish/pump", charging});
    fake_broker_exhaust_memory(false);

    EXPECT_TRUE(broker.publish({"replace/pump", charging}).replaced);
}

TEST_F(Message, IsNotLoggedWhateverItIs) {
    const std::size_t before = fake_broker_log_count();

    for (const char* payload : {charging, "no JSON", ""}) {
        for (const char* topic : {"replace/pump", "keep/pump", "publish/pump", "drop/pump"}) {
            broker.publish({topic, payload});
        }
    }
    broker.tick();

    EXPECT_EQ(fake_broker_log_count(), before) << broker.whole_log();
}

}  // namespace
}  // namespace rtbridge
