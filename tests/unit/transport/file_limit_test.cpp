#include "transport/file_limit.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(FileLimit, KeepsAReserveForMqttClients) {
    EXPECT_EQ(connections_within(1024, 1, 0), 768U);
    EXPECT_EQ(connections_within(400, 1, 0), 272U);
    EXPECT_EQ(connections_within(100, 1, 0), 1U);
    EXPECT_EQ(connections_within(1'048'576, 1, 0), 786'432U);
}

TEST(FileLimit, FurtherListenersTakeNothingOfThatReserve) {
    EXPECT_EQ(connections_within(1024, 5, 0), 768U - 4 * 16);
    EXPECT_EQ(connections_within(1024, 256, 0), 1U);
    EXPECT_EQ(connections_within(1024, 2, 128), 768U - 16 - 2 * 128);
}

TEST(FileLimit, SaysHowManyBrowsersThereIsRoomForAndWhatBoundsIt) {
    const FileLimit limit{1024, 768};

    EXPECT_EQ(capacity_text(limit, 100),
              "room for 100 browsers: limits.connections; the process may open 1024 files, 256 "
              "kept for MQTT clients");
    EXPECT_EQ(capacity_text(limit, 10'000),
              "room for 768 browsers: limits.connections lowered from 10000, because the process "
              "may open 1024 files, 256 kept for MQTT clients");
}

}  // namespace
}  // namespace rtbridge
