#include "handoff/announcements.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

class CountingWakeup final : public Wakeup {
public:
    void wake() noexcept override { ++wakes; }
    int wakes = 0;
};

// The test's thread plays the listeners.
class AnnouncementsTest : public testing::Test {
protected:
    void SetUp() override { is_listener_thread = true; }
    void TearDown() override { is_listener_thread = false; }

    void announce(std::string body, std::size_t times = 1) {
        assert_on_listener_thread();
        const auto announcement = std::make_shared<const Announcement>(
            Announcement{.event = "e", .body = std::move(body)});
        for (std::size_t i = 0; i < times; ++i) announcements.announce(announcement);
    }
    [[nodiscard]] std::size_t taken(const std::shared_ptr<Announcements::Inbox>& inbox) {
        assert_on_listener_thread();
        return announcements.take(*inbox).size();
    }

    Metrics metrics;
    Announcements announcements{metrics};
    CountingWakeup one, other;
};

TEST_F(AnnouncementsTest, ReachEveryListenerAndWakeItOnce) {
    const auto here = announcements.join(one);
    const auto there = announcements.join(other);

    announce("1");
    announce("2");

    EXPECT_EQ(one.wakes, 1);
    EXPECT_EQ(other.wakes, 1);
    EXPECT_TRUE(here->any());
    assert_on_listener_thread();
    const auto heard = announcements.take(*there);
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[0]->body, "1");
    EXPECT_FALSE(there->any());
    EXPECT_EQ(taken(here), 2U);
    EXPECT_EQ(taken(here), 0U);

    announce("3");

    EXPECT_EQ(other.wakes, 2);
}

TEST_F(AnnouncementsTest, NobodyIsWokenWhoHasLeft) {
    const auto here = announcements.join(one);
    announcements.leave(here);

    announce("1");

    EXPECT_EQ(one.wakes, 0);
    EXPECT_FALSE(here->any());
}

TEST_F(AnnouncementsTest, WhatAnInboxHasNoRoomForIsCounted) {
    const auto slow = announcements.join(one);
    const auto lost = [this] {
        return metrics.limits.at(static_cast<std::size_t>(Limit::Announcements)).value();
    };

    announce("1", Announcements::waiting_max + 2);

    EXPECT_EQ(taken(slow), Announcements::waiting_max);
    EXPECT_EQ(lost(), 2U);

    announce(std::string(Announcements::waiting_bytes_max / 2, 'x'), 3);

    EXPECT_EQ(taken(slow), 1U);
    EXPECT_EQ(lost(), 4U);
}

}  // namespace
}  // namespace rtbridge
