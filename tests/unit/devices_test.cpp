#include "devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/reader_pass.h"
#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DevicesTest : public ::testing::Test {
protected:
    DevicesTest() { watch({"sensor-*", "gw"}); }
    static constexpr char places[4] = {};
    static constexpr const void *p1 = &places[0], *p2 = &places[1], *p3 = &places[2];

    void watch(const std::vector<std::string>& globs) {
        assert_on_broker_thread();
        std::vector<Placed<std::string>> placed;
        for (const std::string& glob : globs) placed.push_back({glob, {}});
        devices.adopt(placed);
    }
    static MqttClient client(std::string_view id, const void* place = p1) {
        return {.connection = place, .id = id, .user = "u"};
    }
    void seen(std::string_view id, const void* place = p1, DeviceCause how = DeviceCause::Publish) {
        assert_on_broker_thread();
        devices.seen(client(id, place), how);
    }
    void gone(std::string_view id, const void* place = p1, DeviceCause why = DeviceCause::Unknown) {
        assert_on_broker_thread();
        devices.gone(client(id, place), why);
    }
    std::vector<std::string> changes() {
        assert_on_broker_thread();
        std::vector<std::string> texts;
        for (const Device& device : devices.take_changes()) {
            texts.push_back(device.client + (device.online ? " online " : " offline ") +
                            std::string(to_text(device.cause)));
        }
        return texts;
    }
    [[nodiscard]] std::uint64_t hits() const {
        return metrics.limits.at(static_cast<std::size_t>(Limit::Devices)).value();
    }

    Metrics metrics;
    FakeClock clock;
    Devices devices{{.devices_max = 2, .id_bytes_max = 10}, metrics, clock};
};

TEST_F(DevicesTest, AreOnlineFromTheirFirstSignOfLifeToTheirEnd) {
    seen("sensor-1");
    seen("sensor-1");
    EXPECT_THAT(changes(), ElementsAre("sensor-1 online publish"));
    gone("sensor-1", p1, DeviceCause::Keepalive);
    gone("sensor-1", p1, DeviceCause::Keepalive);
    EXPECT_THAT(changes(), ElementsAre("sensor-1 offline keepalive"));
    seen("sensor-1", p2, DeviceCause::LoggedIn);
    EXPECT_THAT(changes(), ElementsAre("sensor-1 online login"));
}

TEST_F(DevicesTest, AreThoseThatTheConfigurationNames) {
    seen("sensor-1");
    seen("gw");
    seen("gw2");
    seen("a-sensor-1");
    seen("");
    EXPECT_THAT(changes(), ElementsAre("sensor-1 online publish", "gw online publish"));
    EXPECT_EQ(hits(), 0U);
}

TEST_F(DevicesTest, WithoutANameNobodyIsWatched) {
    watch({});
    seen("sensor-1");
    EXPECT_FALSE(devices.any_changes());
    EXPECT_FALSE(devices.watching());
}

TEST_F(DevicesTest, OurOwnClientIsNone) {
    watch({"*"});
    seen(std::string(reader_id_prefix) + "0123");
    EXPECT_FALSE(devices.any_changes());
}

TEST_F(DevicesTest, WhoLeftWithoutEverBeingSeenIsNoChange) {
    gone("sensor-1");
    EXPECT_FALSE(devices.any_changes());
}

TEST_F(DevicesTest, AnotherConnectionUnderTheSameIdIsATakeover) {
    seen("gw", p1);
    seen("gw", p2, DeviceCause::LoggedIn);
    gone("gw", p1);
    EXPECT_THAT(changes(),
                ElementsAre("gw online publish", "gw offline takeover", "gw online login"));
    gone("gw", p2, DeviceCause::Disconnect);
    EXPECT_THAT(changes(), ElementsAre("gw offline disconnect"));
}

TEST_F(DevicesTest, ACauseMayBecomeKnownBeforeAnybodyIsTold) {
    assert_on_broker_thread();
    seen("gw");
    gone("gw");
    devices.explain("gw", DeviceCause::Lost);
    EXPECT_THAT(changes(), ElementsAre("gw online publish", "gw offline lost"));
    EXPECT_EQ(devices.find("gw")->cause, DeviceCause::Lost);

    devices.explain("gw", DeviceCause::Takeover);
    EXPECT_FALSE(devices.any_changes());
}

TEST_F(DevicesTest, AKnownCauseStays) {
    assert_on_broker_thread();
    seen("gw");
    gone("gw", p1, DeviceCause::Kicked);
    devices.explain("gw", DeviceCause::Lost);
    devices.explain("other", DeviceCause::Lost);
    EXPECT_THAT(changes(), ElementsAre("gw online publish", "gw offline kicked"));
}

TEST_F(DevicesTest, OfTooManyThoseAreForgottenThatAreOfflineForTheLongest) {
    assert_on_broker_thread();
    seen("sensor-1", p1);
    seen("sensor-2", p2);
    seen("sensor-3", p3);
    EXPECT_EQ(devices.find("sensor-3"), nullptr) << "all others are online";
    EXPECT_EQ(hits(), 1U);
    gone("sensor-2", p2);
    gone("sensor-1", p1);
    seen("sensor-3", p3);
    EXPECT_EQ(hits(), 2U);
    EXPECT_EQ(devices.find("sensor-2"), nullptr);
    EXPECT_FALSE(devices.find("sensor-1")->online);
    EXPECT_TRUE(devices.find("sensor-3")->online);
    EXPECT_EQ(devices.size(), 2U);
}

TEST_F(DevicesTest, ALongIdIsNotWatched) {
    seen("sensor-1234");
    EXPECT_FALSE(devices.any_changes());
    EXPECT_EQ(hits(), 1U);
}

TEST_F(DevicesTest, AReloadKeepsThoseThatAreStillNamed) {
    assert_on_broker_thread();
    seen("gw", p1);
    seen("sensor-1", p2);
    gone("sensor-1", p2);
    changes();
    watch({"gw"});
    EXPECT_EQ(devices.size(), 1U);
    seen("gw", p1);
    EXPECT_FALSE(devices.any_changes()) << "it was online all the time";
}

TEST_F(DevicesTest, CanBeAskedSinceWhen) {
    assert_on_broker_thread();
    seen("gw");
    const std::int64_t came = clock.unix_ms();
    clock.advance(std::chrono::seconds(5));
    seen("gw");
    EXPECT_EQ(devices.find("gw")->at_unix_ms, came);
    gone("gw");
    EXPECT_EQ(devices.find("gw")->at_unix_ms, came + 5000);
}

TEST(DeviceTopic, IsOneLevelBelowThePrefix) {
    const struct {
        std::string id, topic;
    } cases[] = {
        {"sensor-7", "rtbridge/device/sensor-7"},      {"a/b", "rtbridge/device/a%2Fb"},
        {"+#%", "rtbridge/device/%2B%23%25"},          {"\xc3\xa4", "rtbridge/device/\xc3\xa4"},
        {"\xff\x01\x7f", "rtbridge/device/%FF%01%7F"},
    };
    for (const auto& c : cases) EXPECT_EQ(device_topic(c.id), c.topic);
}

TEST(DeviceBody, IsJsonWhateverTheIdIs) {
    EXPECT_EQ(device_body({"a\"b", "", false, DeviceCause::Lost, 17}),
              R"({"client":"a\"b","user":null,"online":false,"cause":"lost","at":17})");
    EXPECT_EQ(device_body({"c", "anna", true, DeviceCause::LoggedIn, 18}),
              R"({"client":"c","user":"anna","online":true,"cause":"login","at":18})");
}

}  // namespace
}  // namespace rtbridge
