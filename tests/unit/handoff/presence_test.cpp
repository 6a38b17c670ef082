#include "handoff/presence.h"

#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

class PresenceTest : public testing::Test {
protected:
    void SetUp() override { is_listener_thread = true; }
    void TearDown() override { is_listener_thread = false; }

    bool enter(const std::string& user) {
        assert_on_listener_thread();
        return presence.enter(user);
    }
    void leave(const std::string& user, std::chrono::milliseconds grace = 5s) {
        assert_on_listener_thread();
        presence.leave(user, clock.now() + grace);
    }
    std::vector<std::string> gone_after(std::chrono::milliseconds time) {
        assert_on_listener_thread();
        clock.advance(time);
        return presence.take_gone(clock.now());
    }
    using Users = std::vector<std::string>;

    Metrics metrics;
    FakeClock clock;
    Presence presence{metrics};
};

TEST_F(PresenceTest, AUserComesOnceHoweverManySessions) {
    EXPECT_TRUE(enter("anna"));
    EXPECT_FALSE(enter("anna"));
    EXPECT_TRUE(enter("bert"));
}

TEST_F(PresenceTest, IsGoneWhenTheLastSessionWasForTheGracePeriod) {
    enter("anna");
    enter("anna");
    leave("anna");
    EXPECT_EQ(gone_after(10s), Users{});
    leave("anna");

    EXPECT_EQ(gone_after(4999ms), Users{});
    EXPECT_EQ(gone_after(1ms), Users{"anna"});
    EXPECT_EQ(gone_after(10s), Users{});
    EXPECT_TRUE(enter("anna"));
}

TEST_F(PresenceTest, WhoComesBackInTimeWasNeverGone) {
    enter("anna");
    leave("anna");

    EXPECT_EQ(gone_after(4s), Users{});
    EXPECT_FALSE(enter("anna"));
    EXPECT_EQ(gone_after(10s), Users{});
}

TEST_F(PresenceTest, ACrowdThatLeavesIsBounded) {
    for (std::size_t i = 0; i < Presence::leaving_max + 2; ++i) {
        enter(std::to_string(i));
        leave(std::to_string(i), 10min);
    }

    EXPECT_EQ(gone_after(0s), (Users{"0", "1"}));
    EXPECT_EQ(metrics.limits.at(static_cast<std::size_t>(Limit::Presence)).value(), 2U);
}

}  // namespace
}  // namespace rtbridge
