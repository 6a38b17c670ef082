#include "transport/password_cache.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

constexpr SteadyTime start{std::chrono::hours(1)};

class PasswordCacheTest : public testing::Test {
protected:
    void SetUp() override { is_listener_thread = true; }
    void TearDown() override { is_listener_thread = false; }
    void remember(const char* user, const char* password, std::uint64_t record) {
        assert_on_listener_thread();
        cache.remember(user, password, record, start);
    }
    bool knows(const char* user, const char* password, std::uint64_t record,
               SteadyTime now = start) {
        assert_on_listener_thread();
        return cache.knows(user, password, record, now);
    }
    PasswordCache cache;
};

TEST_F(PasswordCacheTest, KnowsWhatWasRightAndNothingElse) {
    remember("anna", "secret", 7);

    EXPECT_TRUE(knows("anna", "secret", 7));
    EXPECT_FALSE(knows("anna", "Secret", 7));
    EXPECT_FALSE(knows("bert", "secret", 7));
    EXPECT_FALSE(knows("annas", "ecret", 7));
    EXPECT_FALSE(knows("anna", "secret", 8));  // the password has changed since
    EXPECT_FALSE(knows("anna", "secret", 0));  // the user is gone
}

TEST_F(PasswordCacheTest, ForgetsAfterItsLifetime) {
    remember("anna", "secret", 7);

    EXPECT_TRUE(
        knows("anna", "secret", 7, start + PasswordCache::lifetime - std::chrono::seconds(1)));
    EXPECT_FALSE(knows("anna", "secret", 7, start + PasswordCache::lifetime));
}

TEST_F(PasswordCacheTest, StartsOverWhenItIsFull) {
    remember("anna", "secret", 7);
    for (std::size_t i = 0; i < PasswordCache::entries_max; ++i) {
        remember(std::to_string(i).c_str(), "p", 7);
    }

    EXPECT_FALSE(knows("anna", "secret", 7));
}

TEST_F(PasswordCacheTest, OfNobodyItRemembersNothing) {
    remember("anna", "secret", 0);

    EXPECT_FALSE(knows("anna", "secret", 0));
}

}  // namespace
}  // namespace rtbridge
