#include "will_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Write = WillWatch::Write;

class WillWatchTest : public ::testing::Test {
protected:
    WillWatchTest() { assert_on_broker_thread(); }
    static constexpr char places[4] = {};
    static constexpr const void *p1 = &places[0], *p2 = &places[1], *p3 = &places[2];
    static MqttClient client(const void* place, std::string_view id = "c") {
        return {.connection = place, .id = id, .user = "u"};
    }
    static MqttClient client5(const void* place, std::string_view id = "c") {
        return {.connection = place, .id = id, .user = "u", .mqtt5 = true};
    }
    std::vector<std::string> found() {
        std::vector<std::string> texts;
        for (const Will& will : watch.take()) {
            texts.push_back(will.client + ":" + will.topic + "=" + will.payload +
                            (will.retain ? " r" : ""));
        }
        return texts;
    }
    Write write(const MqttClient& who, std::string_view payload = "dead") {
        assert_on_broker_thread();
        return watch.on_write(who, "w", payload, true);
    }

    Metrics metrics;
    WillWatch watch{{.gone_max = 2}, metrics};
};

TEST_F(WillWatchTest, AWriteRightAfterTheDisconnectIsAWill) {
    assert_on_broker_thread();
    watch.on_disconnect(client(p1), -1);
    EXPECT_EQ(write(client(p1)), Write::Will);
    watch.on_turn();
    EXPECT_THAT(found(), ElementsAre("c:w=dead r"));
    EXPECT_FALSE(watch.any());
}

TEST_F(WillWatchTest, ItShowsWithTheFirstSubscriberThatIsAskedAbout) {
    assert_on_broker_thread();
    watch.on_disconnect(client(p1), -1);
    write(client(p1));
    watch.on_read();
    EXPECT_THAT(found(), ElementsAre("c:w=dead r"));
    watch.on_read();
    watch.on_turn();
    EXPECT_THAT(found(), IsEmpty()) << "once";
}

TEST_F(WillWatchTest, AnyFurtherEventShowsThatNoPublishFollows) {
    const struct {
        const char* name;
        std::function<void()> event;
    } cases[] = {
        {"turn",
         [this] {
             assert_on_broker_thread();
             watch.on_turn();
         }},
        {"another's publish",
         [this] {
             assert_on_broker_thread();
             watch.on_message(p3);
         }},
        {"another's question", [this] { write(client(p3, "d")); }},
        {"another's denied one",
         [this] {
             assert_on_broker_thread();
             watch.on_write_denied(client(p3, "d"));
         }},
        {"another's subscription",
         [this] {
             assert_on_broker_thread();
             watch.on_subscribe(client(p3, "d"));
         }},
        {"a login",
         [this] {
             assert_on_broker_thread();
             watch.on_login(client(p3, "d"));
         }},
        {"another's end",
         [this] {
             assert_on_broker_thread();
             watch.on_disconnect(client(p3, "d"), -1);
         }},
    };
    for (const auto& c : cases) {
        assert_on_broker_thread();
        watch.on_disconnect(client(p1), -1);
        write(client(p1));
        c.event();
        EXPECT_THAT(found(), ElementsAre("c:w=dead r")) << c.name;
        watch.on_turn();
    }
}

TEST_F(WillWatchTest, APublishIsNone) {
    assert_on_broker_thread();
    EXPECT_EQ(write(client(p1)), Write::Publish);
    watch.on_message(p1);
    watch.on_read();
    watch.on_turn();
    watch.on_disconnect(client(p1), -1);
    watch.on_turn();
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(WillWatchTest, NorIsOneThatAnotherPluginRefusedAMomentBefore) {
    assert_on_broker_thread();
    write(client(p1));
    watch.on_turn();
    watch.on_disconnect(client(p1), -1);
    watch.on_turn();
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(WillWatchTest, NorOneBeforeADisconnectInOrder) {
    assert_on_broker_thread();
    write(client(p1));
    watch.on_disconnect(client(p1), 0);
    watch.on_turn();
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(WillWatchTest, AtATakeoverTheQuestionComesFirst) {
    assert_on_broker_thread();
    write(client(p1));
    watch.on_read();  // subscribers of the will
    watch.on_read();
    EXPECT_TRUE(watch.on_disconnect(client(p1), -1));
    EXPECT_THAT(found(), ElementsAre("c:w=dead r"));
    watch.on_turn();
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(WillWatchTest, WhereLoginsAreOursATakeoverNeedsOne) {
    assert_on_broker_thread();
    watch.adopt(true);
    write(client(p1));
    EXPECT_FALSE(watch.on_disconnect(client(p1), -1));
    EXPECT_THAT(found(), IsEmpty()) << "nobody came under its name";

    watch.on_login(client(p2, "d"));
    write(client(p1));
    EXPECT_FALSE(watch.on_disconnect(client(p1), -1));
    EXPECT_THAT(found(), IsEmpty()) << "somebody else came";

    watch.on_login(client(p2));
    write(client(p1));
    EXPECT_TRUE(watch.on_disconnect(client(p1), -1));
    EXPECT_THAT(found(), ElementsAre("c:w=dead r"));

    watch.on_turn();
    write(client(p2));
    EXPECT_FALSE(watch.on_disconnect(client(p2), -1));
    EXPECT_THAT(found(), IsEmpty()) << "the login was in an earlier turn";
}

TEST_F(WillWatchTest, WhereTheBrokerSaysWhyTheQuestionMayAlwaysComeFirst) {
    assert_on_broker_thread();
    watch.adopt(true);
    write(client(p1));
    EXPECT_TRUE(watch.on_disconnect(client(p1), 7));
    EXPECT_THAT(found(), ElementsAre("c:w=dead r"));
}

TEST_F(WillWatchTest, ADeniedWillIsNotShown) {
    assert_on_broker_thread();
    watch.on_disconnect(client(p1), -1);
    EXPECT_EQ(watch.on_write_denied(client(p1)), Write::Will);
    watch.on_turn();
    EXPECT_THAT(found(), IsEmpty());
    EXPECT_EQ(watch.on_write_denied(client(p2)), Write::Publish);
}

TEST_F(WillWatchTest, ADelayedWillComesLaterAndOnlyFromMqtt5) {
    assert_on_broker_thread();
    watch.on_disconnect(client5(p1), -1);
    watch.on_disconnect(client(p2, "old"), -1);
    watch.on_turn();
    watch.on_message(p3);
    EXPECT_EQ(write(client5(p1)), Write::Will);
    EXPECT_EQ(write(client(p2, "old")), Write::Publish);
    watch.on_turn();
    EXPECT_THAT(found(), ElementsAre("c:w=dead r"));
}

TEST_F(WillWatchTest, WhoCameBackIsNotGone) {
    const std::function<void()> lives[] = {
        [this] {
            assert_on_broker_thread();
            watch.on_login(client5(p1));
        },
        [this] {
            assert_on_broker_thread();
            watch.on_subscribe(client5(p1));
        },
        [this] {
            write(client5(p1));
            assert_on_broker_thread();
            watch.on_message(p1);
        },
    };
    for (const auto& life : lives) {
        assert_on_broker_thread();
        watch.on_disconnect(client5(p1), -1);
        watch.on_turn();
        life();
        EXPECT_EQ(write(client5(p1)), Write::Publish);
        watch.on_turn();
        EXPECT_THAT(found(), IsEmpty());
    }
}

TEST_F(WillWatchTest, ThePlaceInMemoryAloneSaysNothing) {
    assert_on_broker_thread();
    watch.on_disconnect(client5(p1, "a"), -1);
    EXPECT_EQ(write(client5(p1, "b")), Write::Publish);
    watch.on_turn();
    EXPECT_EQ(write(client5(p1, "b")), Write::Publish);
}

TEST_F(WillWatchTest, WhoLeftFirstIsForgottenFirst) {
    assert_on_broker_thread();
    watch.on_disconnect(client5(p1, "a"), -1);
    watch.on_disconnect(client5(p2, "b"), -1);
    watch.on_disconnect(client5(p3, "c"), -1);
    watch.on_turn();
    EXPECT_EQ(metrics.limits.at(static_cast<std::size_t>(Limit::Wills)).value(), 1U);
    EXPECT_EQ(write(client5(p1, "a")), Write::Publish);
    EXPECT_EQ(write(client5(p2, "b")), Write::Will);
    EXPECT_EQ(write(client5(p3, "c")), Write::Will);
}

TEST_F(WillWatchTest, WhatIsLargerThanAWillMayBeIsNotKept) {
    assert_on_broker_thread();
    const std::string large(65'536, 'x');
    watch.on_disconnect(client(p1), -1);
    EXPECT_EQ(write(client(p1), large), Write::Publish);
    watch.on_turn();
    EXPECT_THAT(found(), IsEmpty());
}

}  // namespace
}  // namespace rtbridge
