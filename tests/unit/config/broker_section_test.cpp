#include <gtest/gtest.h>

#include "config/config_loader.h"
#include "config_text.h"

namespace rtbridge {
namespace {

BrokerConfig read(const std::string& text) {
    Diagnostics diagnostics;
    const auto config = parse_config(text, "rtbridge.toml", diagnostics);
    EXPECT_TRUE(config) << to_test_text(diagnostics);
    return config ? config->broker : BrokerConfig();
}

std::string told(const std::string& text) {
    Diagnostics diagnostics;
    (void)parse_config(text, "rtbridge.toml", diagnostics);
    return to_test_text(diagnostics);
}

TEST(BrokerConfig, ConnectIsAnAddressOfThisMachineOrAbsent) {
    EXPECT_FALSE(read("version = 1").connect);
    EXPECT_FALSE(read("[broker]").connect);
    const struct {
        const char* connect;
        BindAddress address;
    } cases[] = {
        {"127.0.0.1:1883", {"127.0.0.1", 1883}},
        {"127.0.0.2:1884", {"127.0.0.2", 1884}},
        {"localhost:1884", {"localhost", 1884}},
        {"[::1]:1883", {"::1", 1883}},
    };
    for (const auto& c : cases) {
        const BrokerConfig broker =
            read("[broker]\nconnect = \"" + std::string(c.connect) + "\"\n");
        EXPECT_EQ(broker.connect, c.address) << c.connect;
        EXPECT_EQ(broker.connect_place.line, 2U);
    }
}

TEST(BrokerConfig, RefusesToConnectElsewhere) {
    for (const std::string connect : {"", "1883", "broker:1883", "127.0.0.1:0", "192.0.2.1:1883",
                                      "0.0.0.0:1883", "[::]:1883", "::1:1883", "127.0.0.1:65536"}) {
        EXPECT_EQ(told("[broker]\nconnect = \"" + connect + "\"\n"),
                  "2:11: error: connect = \"" + connect +
                      "\" is not an MQTT listener of this broker on this machine; write "
                      "\"127.0.0.1:1883\", \"[::1]:1883\" or \"localhost:1883\"\n");
    }
    EXPECT_EQ(told("[broker]\nconnect = 1883\n"),
              "2:11: error: connect must be a string, not an integer\n");
    EXPECT_EQ(told("[broker]\nconect = \"127.0.0.1:1883\"\n"),
              "2:1: error: unknown key \"conect\" in [broker]; did you mean \"connect\"?\n");
}

TEST(BrokerConfig, ItsOwnPortIsAnError) {
    const std::string bind = "[listener]\nbind = \"127.0.0.1:1883\"\n[broker]\n";
    EXPECT_EQ(told(bind + "connect = \"localhost:1883\"\n"),
              "4:11: error: connect is where browsers connect (listener.bind); name the MQTT "
              "listener of the broker\n");
    EXPECT_EQ(told(bind + "connect = \"127.0.0.1:1884\"\n"), "");
}

TEST(BrokerConfig, DevicesAreGlobs) {
    EXPECT_TRUE(read("[broker]").devices.empty());
    const BrokerConfig broker = read("[broker]\ndevices = [\"sensor-*\", \"gateway\"]\n");
    ASSERT_EQ(broker.devices.size(), 2U);
    EXPECT_EQ(broker.devices[0].value, "sensor-*");
    EXPECT_EQ(broker.devices[1].value, "gateway");
}

TEST(BrokerConfig, RefusesDevicesThatAreNone) {
    EXPECT_EQ(told("[broker]\ndevices = \"*\"\n"),
              "2:11: error: devices must be an array of strings, not a string\n");
    EXPECT_EQ(told("[broker]\ndevices = [1]\n"),
              "2:12: error: each entry of devices must be a string, not an integer\n");
    EXPECT_EQ(told("[broker]\ndevices = [\"a\", \"\"]\n"),
              "2:17: error: an empty text matches no client id; write one like \"sensor-*\", or "
              "\"*\" for all\n");
}

}  // namespace
}  // namespace rtbridge
