// Clients that log in with us: what the broker asks, in the order in which Mosquitto asks it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "access/mqtt_access_fixture.h"
#include "access/password_hash.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class MqttLogin : public MqttAccessTest {
protected:
    const std::string config = std::string(tokens) + "[acl]\n" + own_topics + operators;
    // As the broker asks about a session at a reload.
    static MqttClient subscribed(MqttClient client) {
        client.subscribed = true;
        return client;
    }
};

TEST_F(MqttLogin, TakesTokensOfTheirUserAndAnonymousOnesButNoNameAlone) {
    adopt(config);
    EXPECT_TRUE(access.login(client(p1, "a", "anna"), token("anna")));
    EXPECT_TRUE(access.login(client(p1, "b"), token("anna")));
    EXPECT_TRUE(access.login(client(p1, "c"), ""));
    EXPECT_FALSE(access.login(client(p1, "d", "bob"), token("anna")));
    EXPECT_FALSE(access.login(client(p1, "e", "anna"), ""));
    EXPECT_FALSE(access.login(client(p1, "f", "anna"), "no token"));
    EXPECT_FALSE(access.login(client(p1, "g", "anna"), token("anna", -1)));
    EXPECT_EQ(metrics.logins.value(), 3U);
    EXPECT_EQ(metrics.logins_refused.value(), 4U);
    EXPECT_EQ(log.count("eyJ") + log.count("no token"), 0U);
}

TEST_F(MqttLogin, TheIdentityOfTheTokenDecides) {
    adopt(config);
    EXPECT_TRUE(access.login(client(p1, "a"), token("anna", 60, operator_role)));
    EXPECT_TRUE(publish(client(p1, "a"), "own/anna"));
    EXPECT_TRUE(publish(client(p1, "a"), "ops"));
    EXPECT_FALSE(publish(client(p1, "a"), "own/bob"));
    EXPECT_EQ(log.count("client \"a\" (user \"anna\", 192.0.2.7) may not publish"), 1U);
}

TEST_F(MqttLogin, ARefusedLoginDoesNotTouchTheClientWhoseIdItUsed) {
    adopt(config);
    EXPECT_TRUE(access.login(client(p1, "a", "anna"), token("anna", 60, operator_role)));
    EXPECT_FALSE(access.login(client(p2, "a", "eve"), token("anna")));

    EXPECT_TRUE(publish(client(p1, "a", "anna"), "ops"));
    clock.advance(61s);
    EXPECT_THAT(access.take_kicks(), ElementsAre("a"));
}

TEST_F(MqttLogin, ATakeoverDoesNotMixTheIdentities) {
    adopt(config);
    const MqttClient old_one = client(p1, "a", "anna"), new_one = client(p2, "a", "anna");
    EXPECT_TRUE(access.login(old_one, token("anna", 60, operator_role)));
    EXPECT_TRUE(access.login(new_one, token("anna")));
    access.disconnected(old_one);

    EXPECT_TRUE(publish(old_one, "ops"));  // its will
    EXPECT_FALSE(publish(new_one, "ops"));
    clock.advance(61s);
    EXPECT_THAT(access.take_kicks(), IsEmpty());  // the token that expired is gone
}

TEST_F(MqttLogin, WhoComesWithoutALoginInheritsNothing) {
    adopt(config);
    EXPECT_TRUE(access.login(client(p1, "a", "anna"), token("anna", 60, operator_role)));
    EXPECT_TRUE(publish(client(p1, "a", "anna"), "ops"));
    access.disconnected(client(p1, "a", "anna"));

    // A listener with use_identity_as_username asks for no login.
    certificates[p1] = "anna";
    EXPECT_FALSE(publish(client(p1, "a", "anna"), "ops"));
    EXPECT_TRUE(publish(client(p1, "a", "anna"), "own/anna"));
}

TEST_F(MqttLogin, RolesOfTokensEndWhenLoginsAreTheBrokersAgain) {
    adopt(config);
    EXPECT_TRUE(access.login(client(p1, "a", "anna"), token("anna", 60, operator_role)));
    EXPECT_TRUE(publish(client(p1, "a", "anna"), "ops"));
    adopt(std::string("[acl]\n") + own_topics);
    adopt(std::string("[acl]\n") + own_topics + operators);

    EXPECT_FALSE(publish(client(p1, "a", "anna"), "ops"));
    clock.advance(61s);
    EXPECT_THAT(access.take_kicks(), IsEmpty());
}

TEST_F(MqttLogin, AnExpiredTokenEndsRightsAtOnceAndTheConnectionInTheNextTurn) {
    adopt(config);
    const MqttClient anna = client(p1, "a", "anna");
    EXPECT_TRUE(access.login(anna, token("anna", 60, operator_role)));
    clock.advance(59s);
    EXPECT_TRUE(publish(anna, "ops"));
    EXPECT_THAT(access.take_kicks(), IsEmpty());
    clock.advance(1s);

    EXPECT_FALSE(publish(anna, "ops"));
    EXPECT_FALSE(subscribe(anna, "own/anna"));
    EXPECT_EQ(log.count("its token has expired"), 2U);
    EXPECT_THAT(access.take_kicks(), ElementsAre("a"));
    EXPECT_THAT(access.take_kicks(), IsEmpty());
    access.disconnected(anna);
    EXPECT_TRUE(publish(anna, "ops"));  // its will, as it was
}

TEST_F(MqttLogin, TokensThatExpireTogetherEndAFewInEachTurn) {
    adopt(config);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(access.login(client(p1, "c" + std::to_string(i), "anna"), token("anna", 60)));
    }
    clock.advance(60s);
    std::size_t kicked = 0;
    for (int turn = 0; turn < 4; ++turn) {
        const std::size_t now = access.take_kicks().size();
        EXPECT_LE(now, 256U);
        kicked += now;
    }
    EXPECT_EQ(kicked, 1000U);
}

TEST_F(MqttLogin, AReloadRunsLoginsAgainAndThatIsNoGuessing) {
    adopt("[limits]\nlogins_per_minute = 2\n" + config);
    const std::string short_lived = token("anna", 60), long_lived = token("anna");
    for (const char* const id : {"a", "b", "c", "d"}) {
        EXPECT_TRUE(access.login(client(p1, id, "anna"), short_lived));
    }
    EXPECT_TRUE(access.login(client(p2, "e", "anna"), long_lived));
    EXPECT_EQ(metrics.logins.value(), 5U);
    adopt("[limits]\nlogins_per_minute = 2\n" + config);
    clock.advance(60s);

    for (const char* const id : {"a", "b", "c", "d"}) {
        EXPECT_FALSE(access.login(client(p1, id, "anna"), short_lived));
    }
    EXPECT_TRUE(access.login(client(p2, "e", "anna"), long_lived));
    EXPECT_EQ(metrics.logins.value(), 5U);
    EXPECT_TRUE(access.login(client(p3, "new", "anna"), long_lived));  // its address may go on
}

// A hash for each of ten thousand clients would stop the broker for as long.
TEST_F(MqttLogin, AReloadHashesNoPasswordAgainThatDidNotChange) {
    const auto password_file = [&](std::string_view password) {
        return folder.write("passwords",
                            "anna:" + PasswordHash::pbkdf2(password, 100'000)->text() + "\n");
    };
    const std::string with_passwords = "[limits]\npassword_time = \"1s\"\n[auth]\nmqtt = true\n" +
                                       ("passwords_file = \"" + password_file("secret") + "\"\n");
    const auto cpu_time_of_login = [&](std::string_view password, bool accepted) {
        const std::clock_t start = std::clock();
        EXPECT_EQ(access.login(client(p1, "a", "anna"), password), accepted);
        return std::clock() - start;
    };
    adopt(with_passwords);
    const std::clock_t first = cpu_time_of_login("secret", true);
    clock.advance(LoginCache::lifetime + 1min);

    adopt(with_passwords);
    EXPECT_LT(cpu_time_of_login("secret", true), first / 4);

    password_file("other");
    adopt(with_passwords);
    cpu_time_of_login("secret", false);
    cpu_time_of_login("other", true);
}

TEST_F(MqttLogin, GuessingLocksTheAddressOut) {
    adopt("[limits]\nlogins_per_minute = 2\n" + config);
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(access.login(client(p1, "a", "anna"), "eyJ.x.y"));

    EXPECT_FALSE(access.login(client(p1, "a", "anna"), token("anna")));
    EXPECT_EQ(log.count("too many failed logins from its address"), 1U);
    EXPECT_TRUE(access.login(client(p1, "a", "anna", "198.51.100.1"), token("anna")));
    EXPECT_TRUE(access.login(client(p2, "guest"), ""));  // no guess
    clock.advance(1s);
    EXPECT_TRUE(access.login(client(p1, "a", "anna"), token("anna")));
}

TEST_F(MqttLogin, AnonymousLoginsDoNotShortenTheWaitsOfWhoGuesses) {
    adopt("[limits]\nlogins_per_minute = 1\n" + config);
    for (const auto wait : {1s, 2s, 4s}) {
        EXPECT_FALSE(access.login(client(p1, "a", "anna"), "eyJ.x.y"));
        EXPECT_TRUE(access.login(client(p2, "guest"), ""));
        clock.advance(wait - 1ms);
        EXPECT_FALSE(access.login(client(p1, "a", "anna"), token("anna")));
        clock.advance(1ms);
    }
    EXPECT_TRUE(access.login(client(p1, "a", "anna"), token("anna")));
}

TEST_F(MqttLogin, ASessionThatIsAwayKeepsReceivingWhateverItsTokenIsWorthAtAReload) {
    adopt(config);
    const MqttClient anna = client(p1, "a", "anna");
    const std::string expiring = token("anna", 60);
    EXPECT_TRUE(access.login(anna, expiring));
    access.disconnected(anna);
    clock.advance(61s);
    adopt(config);

    EXPECT_TRUE(access.login(subscribed(anna), expiring));
    EXPECT_TRUE(receive(anna, "own/anna"));
    EXPECT_FALSE(receive(anna, "own/bob"));
    EXPECT_THAT(access.take_kicks(), IsEmpty());
    // Who comes back has to log in, even at once and to the same place.
    EXPECT_FALSE(access.login(anna, expiring));
    EXPECT_TRUE(access.login(client(p2, "a", "anna"), token("anna")));
}

TEST_F(MqttLogin, ASessionOutOfTheBrokersDatabaseIsLeftAloneAtAReload) {
    adopt(config);
    const MqttClient restored = client(p1, "a", "anna", "");
    EXPECT_TRUE(access.login(subscribed(restored), ""));
    EXPECT_TRUE(receive(restored, "own/anna"));
    EXPECT_FALSE(receive(restored, "own/bob"));
    // One that is connected, from before logins were ours, has to prove itself.
    EXPECT_FALSE(access.login(subscribed(client(p2, "b", "anna")), ""));
}

TEST_F(MqttLogin, OfThoseAwayOnlyThoseThatLeftLastAreRemembered) {
    adopt(config);
    for (std::size_t i = 0; i <= MqttAccess::clients_away_max; ++i) {
        const std::string id = "c" + std::to_string(i);
        EXPECT_TRUE(access.login(client(p1, id), ""));
        access.disconnected(client(p1, id));
    }
    EXPECT_EQ(metrics.limits.at(static_cast<std::size_t>(Limit::ClientsAway)).value(), 1U);
}

}  // namespace
}  // namespace rtbridge
