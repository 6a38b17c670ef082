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

constexpr std::size_t plenty = 1'000'000;
// Stand for the broker's memory.
const int first = 0, second = 0, third = 0;

TEST(MqttClients, ATakeoverKeepsTheConnectionBeforeForItsWill) {
    MqttClients clients(10, plenty);
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
    MqttClients clients(10, plenty);
    clients.connect("pump", connection(&first, "anna"));
    clients.connect("pump", connection(&first, "bob"));

    EXPECT_EQ(clients.find("pump")->current.user, "bob");
    EXPECT_FALSE(clients.find("pump")->previous);
}

TEST(MqttClients, TheEndOfAnotherConnectionChangesNothing) {
    MqttClients clients(10, plenty);
    clients.connect("pump", connection(&first, "anna"));
    clients.disconnect("pump", &second);
    clients.disconnect("valve", &first);

    EXPECT_TRUE(clients.find("pump")->current.online);
    EXPECT_EQ(clients.find("valve"), nullptr);
}

TEST(MqttClients, ForgetsThoseThatLeftFirstAndNobodyWhoIsThere) {
    MqttClients clients(2, plenty);
    for (const char* const id : {"a", "b", "c", "d", "stays"}) {
        clients.connect(id, connection(&first, ""));
    }
    clients.disconnect("b", &first);
    EXPECT_EQ(clients.forget_surplus(), 0U);
    clients.disconnect("a", &first);
    EXPECT_EQ(clients.forget_surplus(), 0U);
    clients.disconnect("a", &first);  // said twice
    EXPECT_EQ(clients.forget_surplus(), 0U);
    clients.disconnect("c", &first);
    EXPECT_EQ(clients.forget_surplus(), 1U);
    EXPECT_EQ(clients.find("b"), nullptr);

    clients.connect("a", connection(&third, ""));  // came back
    clients.disconnect("d", &first);
    EXPECT_EQ(clients.forget_surplus(), 0U);
    EXPECT_NE(clients.find("a"), nullptr);
    EXPECT_NE(clients.find("c"), nullptr);
    EXPECT_NE(clients.find("stays"), nullptr);
    EXPECT_EQ(clients.size(), 4U);
}

TEST(MqttClients, ConnectionsThatAreAwayFromTheStartCountAsAway) {
    MqttClients clients(1, plenty);
    MqttConnection away = connection(&first, "");
    away.online = false;
    clients.connect("restored", away);
    clients.connect("restored", away);
    clients.connect("other", connection(&second, ""));

    clients.disconnect("other", &second);
    EXPECT_EQ(clients.forget_surplus(), 1U);
    EXPECT_EQ(clients.find("restored"), nullptr);
}

TEST(MqttClients, LongNamesCountForMoreThanShortOnes) {
    MqttClients clients(1000, 100'000);
    const std::string name(10'000, 'x');
    std::size_t forgotten = 0;
    for (int i = 0; i < 20; ++i) {
        const std::string id = name + std::to_string(i);
        clients.connect(id, connection(&first, ""));
        clients.disconnect(id, &first);
        forgotten += clients.forget_surplus();
    }
    EXPECT_EQ(clients.size(), 4U);
    EXPECT_EQ(forgotten, 16U);

    for (int i = 16; i < 20; ++i) {  // came back: nobody is away any more
        clients.connect(name + std::to_string(i), connection(&second, ""));
    }
    clients.connect("short", connection(&first, ""));
    clients.disconnect("short", &first);
    EXPECT_EQ(clients.forget_surplus(), 0U);
}

}  // namespace
}  // namespace rtbridge
