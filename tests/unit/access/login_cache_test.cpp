#include "access/login_cache.h"

#include <gtest/gtest.h>

#include <string>

#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

TEST(LoginCache, KnowsThePasswordThatWasRightAndNoOther) {
    FakeClock clock;
    LoginCache cache;
    cache.add("anna", "right", 7, clock.now());

    EXPECT_TRUE(cache.contains("anna", "right", 7, clock.now()));
    EXPECT_FALSE(cache.contains("anna", "wrong", 7, clock.now()));
    EXPECT_FALSE(cache.contains("anna", "", 7, clock.now()));
    EXPECT_FALSE(cache.contains("bob", "right", 7, clock.now()));
    EXPECT_FALSE(cache.contains("ann", "aright", 7, clock.now()));
    EXPECT_FALSE(cache.contains("anna", "right", 8, clock.now()));  // it was changed since
}

TEST(LoginCache, AHitLivesOnAndWhatIsNotUsedExpires) {
    FakeClock clock;
    LoginCache cache;
    cache.add("anna", "a", 1, clock.now());
    cache.add("bob", "b", 1, clock.now());
    clock.advance(LoginCache::lifetime - 1s);
    EXPECT_TRUE(cache.contains("anna", "a", 1, clock.now()));
    clock.advance(2s);

    EXPECT_TRUE(cache.contains("anna", "a", 1, clock.now()));
    EXPECT_FALSE(cache.contains("bob", "b", 1, clock.now()));
}

TEST(LoginCache, IsBoundedAndForgetsWhatExpiresFirst) {
    FakeClock clock;
    LoginCache cache;
    for (std::size_t i = 0; i <= LoginCache::entries_max; ++i) {
        cache.add("user" + std::to_string(i), "p", 1, clock.now());
        clock.advance(1ms);
    }

    EXPECT_FALSE(cache.contains("user0", "p", 1, clock.now()));
    EXPECT_TRUE(cache.contains("user1", "p", 1, clock.now()));
}

}  // namespace
}  // namespace rtbridge
