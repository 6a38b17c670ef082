#include "base/token_bucket.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using std::chrono::milliseconds;

int taken(TokenBucket& bucket, std::uint32_t per_second, SteadyTime now, int tries = 100) {
    int count = 0;
    while (tries-- > 0 && bucket.take(per_second, now)) ++count;
    return count;
}

TEST(TokenBucket, GivesTwiceTheRateAtOnceAndThenTheRate) {
    const SteadyTime start{std::chrono::hours(1)};
    TokenBucket bucket(start);

    EXPECT_EQ(taken(bucket, 10, start), 20);
    EXPECT_EQ(taken(bucket, 10, start + milliseconds(499)), 4);
    EXPECT_EQ(taken(bucket, 10, start + milliseconds(1001)), 6);
}

TEST(TokenBucket, SavesUpNoMoreThanTheBurst) {
    const SteadyTime start{std::chrono::hours(1)};
    TokenBucket bucket(start);

    EXPECT_EQ(taken(bucket, 10, start + std::chrono::hours(1)), 20);
}

TEST(TokenBucket, FollowsARateThatChanges) {
    const SteadyTime start{std::chrono::hours(1)};
    TokenBucket bucket(start);
    EXPECT_EQ(taken(bucket, 10, start), 20);

    EXPECT_EQ(taken(bucket, 1, start), 0);
    EXPECT_EQ(taken(bucket, 20, start + milliseconds(1)), 38);  // 2 of the 40 are not back yet
}

}  // namespace
}  // namespace rtbridge
