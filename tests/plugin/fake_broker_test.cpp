// The fake itself: each rule of the broker that it is there to hold must be noticed when broken.

#include "fake_broker.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>

#include <string>
#include <vector>

namespace rtbridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RudePlugin : public ::testing::Test {
protected:
    RudePlugin() {
        fake_broker_start();
        EXPECT_EQ(fake_broker_load(RUDE_PLUGIN_SO, nullptr, 0), MOSQ_ERR_SUCCESS);
    }
    ~RudePlugin() override { fake_broker_stop(); }

    static std::string publish(const char* topic) {
        const fake_client client{"id", "user", "127.0.0.1"};
        fake_delivery delivery = fake_broker_publish(&client, topic, "abc", 3, 0, false);
        std::string payload(delivery.payload == nullptr ? "" : delivery.payload);
        fake_delivery_free(&delivery);
        return payload;
    }

    static std::vector<std::string> violations() {
        std::vector<std::string> all;
        for (std::size_t i = 0; i < fake_broker_violation_count(); ++i) {
            all.emplace_back(fake_broker_violation(i));
        }
        return all;
    }
};

TEST_F(RudePlugin, EachBreachIsRecordedInWords) {
    const struct {
        const char* breach;
        const char* words;
    } cases[] = {
        {"thread", "mosquitto_log_printf is called from another thread"},
        {"not terminated", "no room for its NUL"},
        {"foreign memory", "not from the broker's allocator"},
        {"free", "memory that is the broker's"},
        {"in place", "changed in place"},
        {"topic", "topic was replaced"},
        {"kick", "outside of TICK"},
        {"two lines", "contains a line break"},
        {"wildcard", "topic that no client could use"},
    };
    for (const auto& c : cases) {
        const std::size_t before = violations().size();
        publish(c.breach);
        ASSERT_EQ(violations().size(), before + 1) << c.breach;
        EXPECT_THAT(violations().back(), HasSubstr(c.words));
    }
}

TEST_F(RudePlugin, APoliteReplacementIsTakenOver) {
    EXPECT_EQ(publish("polite"), "hi");

    EXPECT_TRUE(violations().empty());
    EXPECT_EQ(fake_broker_blocks_in_use(), 0U);
}

TEST_F(RudePlugin, MemoryThatIsKeptIsCounted) {
    publish("leak");

    EXPECT_EQ(fake_broker_blocks_in_use(), 1U);
    fake_broker_unload();
    EXPECT_EQ(fake_broker_blocks_in_use(), 0U);
}

TEST_F(RudePlugin, WhatCleanupLeavesOrPublishesIsRecorded) {
    publish("untidy");

    fake_broker_unload();

    EXPECT_EQ(fake_broker_callbacks_left_behind(), 1U);
    EXPECT_THAT(violations(), ElementsAre(HasSubstr("a publish at cleanup")));
}

TEST(FakeBroker, TopicMatchingFollowsTheMqttWildcardRules) {
    using Matches = int (*)(const char*, const char*, bool*);
    const auto matches =
        reinterpret_cast<Matches>(dlsym(RTLD_DEFAULT, "mosquitto_topic_matches_sub"));
    ASSERT_NE(matches, nullptr);
    const struct {
        const char *filter, *topic;
        bool matches;
    } cases[] = {
        {"a/+/c", "a/b/c", true},   {"a/+", "a/b/c", false}, {"a/#", "a", true},
        {"a/#", "a/b/c", true},     {"+/+", "/b", true},     {"#", "$SYS/x", false},
        {"$SYS/#", "$SYS/x", true}, {"a/b", "a/b", true},    {"a/b", "a/b/c", false},
        {"a/+/#", "a/b", true},     {"a/b/c", "a/b", false}, {"a/+", "a/", true},
    };
    fake_broker_start();
    for (const auto& c : cases) {
        bool result = !c.matches;
        EXPECT_EQ(matches(c.filter, c.topic, &result), MOSQ_ERR_SUCCESS) << c.filter;
        EXPECT_EQ(result, c.matches) << c.filter << " ~ " << c.topic;
    }
    fake_broker_stop();
}

}  // namespace
}  // namespace rtbridge
