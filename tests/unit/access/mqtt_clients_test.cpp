#include "access/mqtt_clients.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rtbridge {
namespace {

MqttConnection connection(const void* pointer, const std::string& user) {
    MqttConnection result;
    result.connection = pointer;
    result.user = user;
    return result;
}

// Stand for the broker's memory.
const int first = 0, second = 0, third = 0;

TEST(MqttClients, ATakeoverKeepsTheConnectionBeforeForItsWill) {
    MqttClients clients(10);
    clients.connect("pump", connection(&first, "anna"));
    clients.connect("pump", connection(&second, "bob"));
    clients.disconnect("pump", &first);

    const MqttClients::Entry* const entry = clients.find("pump");
    ASSERT_TRUE(entry != nullptr && entry->previous);
    EXPECT_EQ(entry->current.user, "bob");
    EXPECT_TRUE(entry->current.online);
    EXPECT_EQ(entry->previous->user, "anna");
    EXPECT_FALSE(entry->previous->online);
}

TEST(MqttClients, TheSameConnectionAgainReplacesWhatIsKnownOfIt) {
    MqttClients clients(10);
    clients.connect("pump", connection(&first, "anna"));
    clients.connect("pump", connection(&first, "bob"));

    EXPECT_EQ(clients.find("pump")->current.user, "bob");
    EXPECT_FALSE(clients.find("pump")->previous);
}

TEST(MqttClients, TheEndOfAnotherConnectionChangesNothing) {
    MqttClients clients(10);
    clients.connect("pump", connection(&first, "anna"));
    clients.disconnect("pump", &second);
    clients.disconnect("valve", &first);

    EXPECT_TRUE(clients.find("pump")->current.online);
    EXPECT_EQ(clients.find("valve"), nullptr);
}

TEST(MqttClients, ForgetsThoseThatLeftFirstAndNobodyWhoIsThere) {
    MqttClients clients(2);
    for (const char* const id : {"a", "b", "c", "d", "stays"}) {
        clients.connect(id, connection(&first, ""));
    }
    EXPECT_EQ(clients.disconnect("b", &first), 0U);
    EXPECT_EQ(clients.disconnect("a", &first), 0U);
    EXPECT_EQ(clients.disconnect("a", &first), 0U);  // said twice
    EXPECT_EQ(clients.disconnect("c", &first), 1U);
    EXPECT_EQ(clients.find("b"), nullptr);

    clients.connect("a", connection(&third, ""));  // came back
    EXPECT_EQ(clients.disconnect("d", &first), 0U);
    EXPECT_NE(clients.find("a"), nullptr);
    EXPECT_NE(clients.find("c"), nullptr);
    EXPECT_NE(clients.find("stays"), nullptr);
    EXPECT_EQ(clients.size(), 4U);
}

TEST(MqttClients, ConnectionsThatAreAwayFromTheStartCountAsAway) {
    MqttClients clients(1);
    MqttConnection away = connection(&first, "");
    away.online = false;
    clients.connect("restored", away);
    clients.connect("restored", away);
    clients.connect("other", connection(&second, ""));

    EXPECT_EQ(clients.disconnect("other", &second), 1U);
    EXPECT_EQ(clients.find("restored"), nullptr);
}

}  // namespace
}  // namespace rtbridge
