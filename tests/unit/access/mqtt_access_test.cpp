// Decisions about clients that the broker vouches for, and what a reload makes of them.

#include "access/mqtt_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "access/mqtt_access_fixture.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string acl = "[acl]\n";

TEST_F(MqttAccessTest, AsksTheBrokerForNoMoreThanTheConfigurationNeeds) {
    const struct {
        const char* text;
        bool logins, checks;
    } cases[] = {{"", false, false},
                 {"[auth]\n", false, false},
                 {"[auth]\nmqtt = true\n", true, false},
                 {"[acl]\n", false, true},
                 {"[auth]\nmqtt = true\n[acl]\n", true, true}};
    for (const auto& c : cases) {
        adopt(c.text);

        EXPECT_EQ(access.wants_logins(), c.logins) << c.text;
        EXPECT_EQ(access.wants_checks(), c.checks) << c.text;
    }
}

TEST_F(MqttAccessTest, DecidesByTheNameThatTheBrokerReports) {
    adopt(acl + own_topics);
    const MqttClient anna = client(p1, "pump", "anna");

    EXPECT_TRUE(publish(anna, "own/anna"));
    EXPECT_TRUE(subscribe(anna, "own/anna"));
    EXPECT_TRUE(subscribe(anna, "$share/group/own/anna"));
    EXPECT_TRUE(subscribe(anna, "#"));  // filtered at delivery
    EXPECT_TRUE(receive(anna, "own/anna"));
    EXPECT_FALSE(publish(anna, "own/bob"));
    EXPECT_FALSE(access.allows(anna, MqttRequest::PublishRetained, "own/anna"));
    EXPECT_FALSE(subscribe(anna, "own/bob"));
    EXPECT_FALSE(receive(anna, "own/bob"));
    EXPECT_EQ(metrics.denied_mqtt.value(), 3U);
    EXPECT_EQ(metrics.filtered_mqtt.value(), 1U);
}

TEST_F(MqttAccessTest, AnAllowThatIsLimitedToKeysGivesNoSubscription) {
    adopt(acl +
          "[[acl.rule]]\nallow = [\"receive\", \"subscribe\"]\n"
          "topics = [\"battery/#\"]\nkeys = [\"{user}\"]\n");
    const MqttClient anna = client(p1, "pump", "anna");

    EXPECT_FALSE(subscribe(anna, "battery/#"));
    EXPECT_FALSE(subscribe(anna, "#"));
    EXPECT_FALSE(receive(anna, "battery/1"));
}

TEST_F(MqttAccessTest, RefusesFiltersThatAreNone) {
    adopt("[acl]\ndefault = \"allow\"\n");
    for (const char* const filter : {"", "a/#/b", "a+", "$share/g/a#", "$share/g/"}) {
        EXPECT_FALSE(subscribe(client(p1, "pump"), filter)) << filter;
    }
}

TEST_F(MqttAccessTest, AConnectionInTheSameMemoryIsAnotherOneForAnotherUser) {
    adopt(acl + own_topics);
    EXPECT_TRUE(publish(client(p1, "pump", "anna"), "own/anna"));
    access.disconnected(client(p1, "pump", "anna"));

    EXPECT_FALSE(publish(client(p1, "pump", "bob"), "own/anna"));
    EXPECT_TRUE(publish(client(p1, "pump", "bob"), "own/bob"));
}

TEST_F(MqttAccessTest, AConnectionInTheSameMemoryIsAnotherOneForAnotherCertificateOrAddress) {
    adopt(acl + own_topics +
          "[[acl.rule]]\naddress = \"192.0.2.0/24\"\nallow = [\"publish\"]\ntopics = [\"near\"]\n");
    certificates[p1] = "anna";
    EXPECT_TRUE(publish(client(p1, "pump"), "own/anna"));
    EXPECT_TRUE(publish(client(p1, "pump"), "near"));
    certificates.clear();  // gone with the socket
    access.disconnected(client(p1, "pump"));
    EXPECT_TRUE(publish(client(p1, "pump"), "own/anna"));  // its will

    certificates[p1] = "bob";
    EXPECT_FALSE(publish(client(p1, "pump"), "own/anna"));
    EXPECT_TRUE(publish(client(p1, "pump"), "own/bob"));
    certificates.clear();
    access.disconnected(client(p1, "pump"));
    EXPECT_FALSE(publish(client(p1, "pump", "", "198.51.100.1"), "near"));
}

TEST_F(MqttAccessTest, TheWillOfATakenOverClientIsItsOwn) {
    adopt(acl + own_topics);
    EXPECT_TRUE(subscribe(client(p1, "pump", "anna"), "own/anna"));
    access.disconnected(client(p1, "pump", "anna"));
    EXPECT_TRUE(publish(client(p2, "pump", "bob"), "own/bob"));

    EXPECT_TRUE(publish(client(p1, "pump", "anna"), "own/anna"));
    EXPECT_FALSE(publish(client(p1, "pump", "anna"), "own/bob"));
    EXPECT_TRUE(publish(client(p2, "pump", "bob"), "own/bob"));
    EXPECT_FALSE(publish(client(p2, "pump", "bob"), "own/anna"));
    // One that is not remembered any more is known by its name alone.
    EXPECT_TRUE(publish(client(p3, "pump", "carl"), "own/carl"));
    EXPECT_TRUE(publish(client(p2, "pump", "bob"), "own/bob"));
}

TEST_F(MqttAccessTest, AfterAReloadWithoutRightsClientsAreKickedAFewInEachTurn) {
    adopt(acl + own_topics);
    std::vector<std::string> ids;
    for (int i = 0; i < 200; ++i) ids.push_back("pump" + std::to_string(i));
    for (const std::string& id : ids) EXPECT_TRUE(subscribe(client(p1, id, "anna"), "own/anna"));
    EXPECT_TRUE(subscribe(client(p2, "left", "anna"), "own/anna"));
    access.disconnected(client(p2, "left", "anna"));
    adopt(acl + operators);

    std::vector<std::string> kicked;
    for (int turn = 0; turn < 10; ++turn) {
        const std::vector<std::string> now = access.take_kicks();
        EXPECT_LE(now.size(), 64U);
        kicked.insert(kicked.end(), now.begin(), now.end());
    }
    EXPECT_THAT(kicked, testing::UnorderedElementsAreArray(ids));
}

TEST_F(MqttAccessTest, AReloadKicksNobodyWhoMayStillDoSomething) {
    adopt(acl + own_topics);
    EXPECT_TRUE(publish(client(p1, "pump", "anna"), "own/anna"));
    adopt(acl + "[[acl.rule]]\nallow = [\"publish\"]\ntopics = [\"rest\"]\n");

    EXPECT_THAT(access.take_kicks(), IsEmpty());
    EXPECT_FALSE(publish(client(p1, "pump", "anna"), "own/anna"));
    EXPECT_TRUE(publish(client(p1, "pump", "anna"), "rest"));
}

TEST_F(MqttAccessTest, NothingIsRememberedWhileNobodyReportsWhoLeaves) {
    adopt(acl + own_topics);
    certificates[p1] = "anna";
    EXPECT_TRUE(publish(client(p1, "pump"), "own/anna"));
    adopt("");
    adopt(acl + own_topics);
    certificates.clear();

    EXPECT_FALSE(publish(client(p1, "pump"), "own/anna"));
}

TEST_F(MqttAccessTest, AClientThatCameBackToTheSameMemoryIsThereAgain) {
    adopt(acl + own_topics);
    const MqttClient anna = client(p1, "pump", "anna");
    EXPECT_TRUE(subscribe(anna, "own/anna"));
    access.disconnected(anna);
    EXPECT_TRUE(subscribe(anna, "own/anna"));
    adopt(acl);

    EXPECT_THAT(access.take_kicks(), UnorderedElementsAre("pump"));
}

TEST_F(MqttAccessTest, WhoLeavesNothingButAWillIsNotTakenForSomebodyWhoIsThere) {
    adopt(acl + own_topics);
    for (std::size_t i = 0; i <= MqttAccess::clients_away_max; ++i) {
        const std::string id = "c" + std::to_string(i);
        const MqttClient silent = client(p1, id, "anna");
        access.disconnected(silent);
        EXPECT_TRUE(publish(silent, "own/anna"));
        EXPECT_FALSE(publish(silent, "own/bob"));
    }
    EXPECT_EQ(metrics.limits.at(static_cast<std::size_t>(Limit::ClientsAway)).value(), 1U);
}

TEST_F(MqttAccessTest, TheAuthorOfARetainedMessageIsNobodyNew) {
    adopt(acl + own_topics +
          "[[acl.rule]]\nuser = \"anna\"\nallow = [\"publish_retained\"]\ntopics = [\"#\"]\n");
    const auto may_still = [this](std::string_view id, std::string_view user,
                                  std::string_view topic) {
        return access.allows(client(&metrics, id, user, ""), MqttRequest::RetainedSource, topic);
    };
    EXPECT_TRUE(publish(client(p1, "pump", "anna"), "own/anna"));

    EXPECT_TRUE(may_still("pump", "anna", "own/anna"));
    EXPECT_FALSE(may_still("pump", "anna", "own/bob"));
    EXPECT_EQ(log.count("client \"pump\" (user \"anna\") may not keep retained \"own/bob\""), 1U);
    // Nothing is known of these now; it was when they published.
    EXPECT_TRUE(may_still("pump", "bob", "own/anna"));
    EXPECT_TRUE(may_still("unknown", "", "own/anna"));
    // And the client is who it was.
    EXPECT_TRUE(publish(client(p1, "pump", "anna"), "own/anna"));
    EXPECT_EQ(metrics.denied_mqtt.value(), 0U);
}

TEST_F(MqttAccessTest, LogsARefusalOnceAndThenHowOftenItCameAgain) {
    adopt(acl + own_topics + "[[acl.rule]]\ndeny = [\"publish\"]\ntopics = [\"own/anna\"]\n");
    const MqttClient anna = client(p1, "pump", "anna");
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(publish(anna, "own/anna"));
    EXPECT_FALSE(publish(anna, "elsewhere"));
    EXPECT_FALSE(receive(anna, "elsewhere"));  // many per message: counted only

    EXPECT_THAT(
        log.lines,
        testing::ElementsAre("rtbridge: client \"pump\" (user \"anna\", 192.0.2.7) may not publish "
                             "\"own/anna\": denied by access.toml:5",
                             "rtbridge: client \"pump\" (user \"anna\", 192.0.2.7) may not publish "
                             "\"elsewhere\": no rule allows publish"));
    clock.advance(11s);
    (void)access.take_kicks();
    EXPECT_EQ(log.count("(and 4 more)"), 1U);
}

}  // namespace
}  // namespace rtbridge
