#include "handoff/shared_connections.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace rtbridge {
namespace {

TEST(AddressCounts, SaysHowManyConnectionsTheAddressHadWithThisOne) {
    AddressCounts counts;

    const AddressCounts::Share first = counts.take("192.0.2.1");
    const AddressCounts::Share second = counts.take("192.0.2.1");
    const AddressCounts::Share elsewhere = counts.take("192.0.2.2");

    EXPECT_EQ(first.with_it(), 1U);
    EXPECT_EQ(second.with_it(), 2U);
    EXPECT_EQ(elsewhere.with_it(), 1U);
    EXPECT_EQ(second.address(), "192.0.2.1");
}

TEST(AddressCounts, AConnectionThatGoesOrMovesToAnotherAddressIsNotCountedAnyMore) {
    AddressCounts counts;
    { const AddressCounts::Share gone = counts.take("192.0.2.1"); }
    AddressCounts::Share moved = counts.take("192.0.2.1");
    EXPECT_EQ(moved.with_it(), 1U);

    moved = counts.take("192.0.2.2");

    EXPECT_EQ(moved.address(), "192.0.2.2");
    EXPECT_EQ(counts.take("192.0.2.1").with_it(), 1U);
}

TEST(AddressCounts, AShareOfNoAddressCountsNowhere) {
    const AddressCounts::Share none;

    EXPECT_EQ(none.address(), "");
    EXPECT_EQ(none.with_it(), 0U);
}

TEST(SharedConnections, CountsExactlyWhateverThreadTheyComeFrom) {
    constexpr int rounds = 2'000;
    SharedConnections connections(10);

    std::vector<std::thread> listeners;
    for (int i = 0; i < 4; ++i) {
        listeners.emplace_back([&connections, i] {
            for (int round = 0; round < rounds; ++round) {
                (void)connections.enter();
                const auto share =
                    connections.addresses().take("192.0.2." + std::to_string((i + round) % 3));
                EXPECT_GE(share.with_it(), 1U);
                connections.leave();
            }
        });
    }
    for (std::thread& listener : listeners) listener.join();

    EXPECT_EQ(connections.enter(), 1U);
    EXPECT_EQ(connections.addresses().take("192.0.2.0").with_it(), 1U);
    EXPECT_EQ(connections.room(), 10U);
}

TEST(SharedConnections, ATunnelTakesTheRoomOfTwoBrowsersMore) {
    SharedConnections connections(6);
    std::vector<SharedConnections::TunnelSockets> tunnels;
    for (int i = 0; i < 2; ++i) {
        (void)connections.enter();
        EXPECT_TRUE(connections.tunnel_fits());
        tunnels.push_back(connections.enter_tunnel());
    }
    EXPECT_EQ(connections.room(), 2U);
    (void)connections.enter();
    EXPECT_FALSE(connections.tunnel_fits());

    tunnels.pop_back();
    connections.leave();

    EXPECT_EQ(connections.room(), 4U);
    EXPECT_TRUE(connections.tunnel_fits());
}

}  // namespace
}  // namespace rtbridge
