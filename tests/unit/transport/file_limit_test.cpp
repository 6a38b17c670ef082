#include "transport/file_limit.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(FileLimit, KeepsAReserveForMqttClients) {
    EXPECT_EQ(connections_within(1024), 768U);
    EXPECT_EQ(connections_within(400), 272U);
    EXPECT_EQ(connections_within(100), 1U);
    EXPECT_EQ(connections_within(1'048'576), 786'432U);
}

}  // namespace
}  // namespace rtbridge
