#include "transport/mail_pace.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr SteadyTime start{std::chrono::hours(1)};

TEST(MailPace, LetsAListenerSleepThatGotNothingOrOneUpdateAfterAPause) {
    MailPace pace;
    EXPECT_FALSE(pace.dense());

    pace.opened(1, start);
    EXPECT_FALSE(pace.dense());
    pace.opened(1, start + milliseconds(5));
    EXPECT_FALSE(pace.dense());
}

TEST(MailPace, KeepsItAwakeWhileUpdatesComeDensely) {
    MailPace pace;

    pace.opened(1, start);
    pace.opened(1, start + microseconds(50));
    EXPECT_TRUE(pace.dense());
    pace.opened(2, start + microseconds(240));
    EXPECT_TRUE(pace.dense());

    pace.opened(1, start + microseconds(540));
    EXPECT_FALSE(pace.dense());
}

TEST(MailPace, AnEmptyMailboxEndsIt) {
    MailPace pace;
    pace.opened(1, start);
    pace.opened(1, start + microseconds(50));

    pace.opened(0, start + microseconds(150));

    EXPECT_FALSE(pace.dense());
}

TEST(MailPace, ABatchThatPiledUpDuringLongWorkIsDenseToo) {
    MailPace pace;
    pace.opened(1, start);

    pace.opened(100, start + milliseconds(5));

    EXPECT_TRUE(pace.dense());
}

TEST(MailPace, WorkCountsAsRest) {
    MailPace pace;
    pace.opened(1, start);

    EXPECT_EQ(pace.rest(start), MailPace::rest_max);
    EXPECT_EQ(pace.rest(start + microseconds(30)), MailPace::rest_max - microseconds(30));
    EXPECT_EQ(pace.rest(start + milliseconds(3)), std::chrono::nanoseconds(0));
}

}  // namespace
}  // namespace rtbridge
