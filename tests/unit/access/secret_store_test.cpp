#include "access/secret_store.h"

#include <gtest/gtest.h>

#include <set>

#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

SecretStore::Issued for_user(const std::string& user) {
    SecretStore::Issued issued;
    issued.identity.user = user;
    issued.password_record = 7;
    return issued;
}

TEST(SecretStore, FindsWhoASecretStandsFor) {
    SecretStore store(30s, 10);
    FakeClock clock;
    const std::string anna = store.issue(for_user("anna"), clock.now());
    const std::string ben = store.issue(for_user("ben"), clock.now());

    EXPECT_EQ(anna.size(), 43U);
    EXPECT_EQ(anna.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-_"),
              std::string::npos);
    EXPECT_EQ(store.find(anna, clock.now()).value().identity.user, "anna");
    EXPECT_EQ(store.find(ben, clock.now()).value().identity.user, "ben");
    EXPECT_EQ(store.find(ben, clock.now()).value().password_record, 7U);
    for (const std::string& other : {std::string(), anna + "x", std::string(43, 'A')}) {
        EXPECT_FALSE(store.find(other, clock.now())) << other;
        EXPECT_FALSE(store.redeem(other, clock.now())) << other;
    }
}

TEST(SecretStore, ARedeemedSecretIsGone) {
    SecretStore store(30s, 10);
    FakeClock clock;
    const std::string ticket = store.issue(for_user("anna"), clock.now());

    EXPECT_EQ(store.redeem(ticket, clock.now()).value().identity.user, "anna");

    EXPECT_FALSE(store.redeem(ticket, clock.now()));
    EXPECT_FALSE(store.find(ticket, clock.now()));
}

TEST(SecretStore, ASecretEndsWithItsLifetime) {
    SecretStore store(30s, 10);
    FakeClock clock;
    const std::string ticket = store.issue(for_user("anna"), clock.now());

    clock.advance(30s - 1ms);
    EXPECT_TRUE(store.find(ticket, clock.now()));
    clock.advance(1ms);
    EXPECT_FALSE(store.find(ticket, clock.now()));
    EXPECT_FALSE(store.redeem(ticket, clock.now()));
}

TEST(SecretStore, WhenFullForgetsWhatExpiresFirst) {
    SecretStore store(30s, 2);
    FakeClock clock;
    const std::string first = store.issue(for_user("a"), clock.now());
    const std::string second = store.issue(for_user("b"), clock.now());
    const std::string third = store.issue(for_user("c"), clock.now());

    EXPECT_FALSE(store.find(first, clock.now()));
    EXPECT_TRUE(store.find(second, clock.now()));
    EXPECT_TRUE(store.find(third, clock.now()));
}

TEST(SecretStore, NeverGivesTheSameSecretTwice) {
    SecretStore store(30s, 1000);
    FakeClock clock;
    std::set<std::string> secrets;
    for (int i = 0; i < 1000; ++i) secrets.insert(store.issue(for_user("a"), clock.now()));

    EXPECT_EQ(secrets.size(), 1000U);
}

}  // namespace
}  // namespace rtbridge
