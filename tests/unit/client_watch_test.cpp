#include "client_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_loader.h"
#include "config/config_text.h"
#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientWatchTest : public ::testing::Test {
protected:
    static constexpr char places[1] = {};
    static constexpr const void* p1 = &places[0];
    static MqttClient client(const void* place = p1) { return {.connection = place, .id = "c"}; }

    void adopt(const std::string& text) {
        assert_on_broker_thread();
        Diagnostics diagnostics;
        const auto config = parse_config(text, "t.toml", diagnostics);
        ASSERT_TRUE(config) << to_test_text(diagnostics);
        watch.adopt(*config);
    }
    std::vector<std::string> changes() {
        assert_on_broker_thread();
        std::vector<std::string> texts;
        for (const Device& device : watch.devices().take_changes()) {
            texts.push_back((device.online ? "online " : "offline ") +
                            std::string(to_text(device.cause)));
        }
        return texts;
    }
    void write(const void* place, bool allowed = true) {
        assert_on_broker_thread();
        watch.on_access(client(place), MqttRequest::Publish, allowed, "w", "dead");
    }

    Metrics metrics;
    FakeClock clock;
    ClientWatch watch{metrics, clock};
};

const std::string acl = "[acl]\n[broker]\ndevices = [\"*\"]\n";

TEST_F(ClientWatchTest, IsIdleWhereNobodyWantsToKnow) {
    adopt("version = 1");
    EXPECT_FALSE(watch.active());
    EXPECT_FALSE(watch.wants_presence());
    adopt("[acl]");
    EXPECT_TRUE(watch.active());
    EXPECT_FALSE(watch.wants_presence());
    adopt("[broker]\ndevices = [\"*\"]\n");
    EXPECT_TRUE(watch.active());
    EXPECT_TRUE(watch.wants_presence());
}

TEST_F(ClientWatchTest, SignsOfLife) {
    const struct {
        const char* cause;
        std::function<void()> event;
    } cases[] = {
        {"online publish",
         [this] {
             assert_on_broker_thread();
             watch.on_message(client());
         }},
        {"online login",
         [this] {
             assert_on_broker_thread();
             watch.on_login(client());
         }},
        {"online connect",
         [this] {
             assert_on_broker_thread();
             watch.on_connect(client());
         }},
        {"online subscribe",
         [this] {
             assert_on_broker_thread();
             watch.on_access(client(), MqttRequest::Subscribe, false, "x", {});
         }},
    };
    for (const auto& c : cases) {
        assert_on_broker_thread();
        adopt(acl);
        c.event();
        EXPECT_THAT(changes(), ElementsAre(c.cause));
        watch.on_disconnect(client(), 0);
        (void)changes();
    }
}

TEST_F(ClientWatchTest, WhatIsNoSignOfLife) {
    assert_on_broker_thread();
    adopt(acl);
    write(p1);                                                       // it may be a will
    watch.on_access(client(), MqttRequest::Receive, true, "x", {});  // into its queue, perhaps
    watch.on_reload();
    watch.on_login(client());  // the broker repeats those of before
    EXPECT_THAT(changes(), IsEmpty());
    watch.on_turn();
    watch.on_login(client());
    EXPECT_THAT(changes(), ElementsAre("online login"));
}

TEST_F(ClientWatchTest, WhyItWentAsFarAsTheBrokerSays) {
    const struct {
        int reason;
        const char* cause;
    } cases[] = {{-1, "offline unknown"},   {0, "offline disconnect"}, {7, "offline lost"},
                 {19, "offline keepalive"}, {142, "offline takeover"}, {152, "offline kicked"},
                 {2, "offline error"}};
    for (const auto& c : cases) {
        assert_on_broker_thread();
        adopt(acl);
        watch.on_message(client());
        watch.on_disconnect(client(), c.reason);
        EXPECT_THAT(changes(), ElementsAre("online publish", c.cause));
    }
}

TEST_F(ClientWatchTest, ItsWillSaysThatItWasLostEvenWhereItIsDenied) {
    for (const bool allowed : {true, false}) {
        assert_on_broker_thread();
        adopt(acl);
        watch.on_message(client());
        watch.on_disconnect(client(), -1);
        write(p1, allowed);
        watch.on_turn();
        EXPECT_THAT(changes(), ElementsAre("online publish", "offline lost"));
        EXPECT_EQ(watch.take_wills().size(), allowed ? 1U : 0U);
    }
}

TEST_F(ClientWatchTest, AWillBeforeItsEndSaysThatItWasTakenOver) {
    assert_on_broker_thread();
    adopt(acl);
    watch.on_message(client());
    write(p1);
    watch.on_disconnect(client(), -1);
    EXPECT_THAT(changes(), ElementsAre("online publish", "offline takeover"));
    EXPECT_EQ(watch.take_wills().size(), 1U);
}

TEST_F(ClientWatchTest, WhomWeKickedIsKickedThoughItsWillComes) {
    assert_on_broker_thread();
    adopt(acl);
    watch.on_message(client());
    watch.on_kick("c");
    watch.on_disconnect(client(), -1);
    write(p1);
    watch.on_kick({});
    watch.on_turn();
    EXPECT_THAT(changes(), ElementsAre("online publish", "offline kicked"));
    EXPECT_EQ(watch.take_wills().size(), 1U);
}

}  // namespace
}  // namespace rtbridge
