#include "access/login_throttle.h"

#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

void fail(LoginThrottle& throttle, const FakeClock& clock, int times,
          std::string_view address = "192.0.2.7") {
    for (int i = 0; i < times; ++i) throttle.failed(address, 3, clock.now());
}

TEST(LoginThrottle, LetsAsManyFailuresPassAsTheMinuteHas) {
    LoginThrottle throttle;
    FakeClock clock;

    fail(throttle, clock, 2);
    EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), 0ms);
    fail(throttle, clock, 1);
    EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), 1s);
    EXPECT_EQ(throttle.wait("192.0.2.8", clock.now()), 0ms);
}

TEST(LoginThrottle, ForgetsFailuresAfterAMinute) {
    LoginThrottle throttle;
    FakeClock clock;
    fail(throttle, clock, 2);
    clock.advance(1min);

    fail(throttle, clock, 2);

    EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), 0ms);
}

TEST(LoginThrottle, DoublesTheWaitUpToFiveMinutes) {
    LoginThrottle throttle;
    FakeClock clock;
    fail(throttle, clock, 3);
    for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s}) {
        EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), wait);
        clock.advance(wait);
        EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), 0ms);
        fail(throttle, clock, 1);  // at once, as a program that guesses does
    }
}

TEST(LoginThrottle, StartsAnewAfterAMinuteOfQuiet) {
    LoginThrottle throttle;
    FakeClock clock;
    fail(throttle, clock, 5);
    clock.advance(throttle.wait("192.0.2.7", clock.now()) + 1min);

    fail(throttle, clock, 2);

    EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), 0ms);
}

TEST(LoginThrottle, ASuccessShortensTheNextWaitButBuysNoFreeGuesses) {
    LoginThrottle throttle;
    FakeClock clock;
    fail(throttle, clock, 6);
    EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), 8s);
    clock.advance(8s);

    throttle.succeeded("192.0.2.7");
    fail(throttle, clock, 1);

    EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), 1s);
}

TEST(LoginThrottle, CountsAnAddressHoweverItIsWritten) {
    LoginThrottle throttle;
    FakeClock clock;
    fail(throttle, clock, 3, "::ffff:192.0.2.7");
    fail(throttle, clock, 3, "2001:db8:1:2:aaaa::1");

    EXPECT_EQ(throttle.wait("192.0.2.7", clock.now()), 1s);
    EXPECT_EQ(throttle.wait("2001:db8:1:2:bbbb::2", clock.now()), 1s);  // the same /64
    EXPECT_EQ(throttle.wait("2001:db8:1:3::1", clock.now()), 0ms);
}

TEST(LoginThrottle, ForgetsWhoeverFailedLongestAgoWhenItIsFull) {
    LoginThrottle throttle;
    FakeClock clock;
    fail(throttle, clock, 3, "first");
    fail(throttle, clock, 3, "second");
    fail(throttle, clock, 1, "first");
    for (std::size_t i = 0; i + 1 < LoginThrottle::addresses_max; ++i) {
        throttle.failed(std::to_string(i), 3, clock.now());
    }

    EXPECT_EQ(throttle.wait("first", clock.now()), 2s);
    EXPECT_EQ(throttle.wait("second", clock.now()), 0ms);
}

}  // namespace
}  // namespace rtbridge
