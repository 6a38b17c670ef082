#include <gtest/gtest.h>

#include "config/config_loader.h"
#include "config_text.h"

namespace rtbridge {
namespace {

std::optional<MqttTunnelConfig> read(const std::string& text) {
    Diagnostics diagnostics;
    const auto config = parse_config(text, "rtbridge.toml", diagnostics);
    EXPECT_TRUE(config) << to_test_text(diagnostics);
    return config ? config->mqtt_tunnel : std::nullopt;
}

std::string told(const std::string& text) {
    Diagnostics diagnostics;
    (void)parse_config(text, "rtbridge.toml", diagnostics);
    return to_test_text(diagnostics);
}

TEST(MqttTunnelConfig, IsAnAddressAndPortOrAbsent) {
    EXPECT_FALSE(read("version = 1"));
    const struct {
        const char* to;
        BindAddress address;
    } cases[] = {
        {"127.0.0.1:1883", {"127.0.0.1", 1883}},
        {"localhost:1884", {"localhost", 1884}},
        {"[::1]:1883", {"::1", 1883}},
        {"192.0.2.1:1883", {"192.0.2.1", 1883}},
    };
    for (const auto& c : cases) {
        const auto tunnel = read("[mqtt_tunnel]\nto = \"" + std::string(c.to) + "\"\n");
        ASSERT_TRUE(tunnel) << c.to;
        EXPECT_EQ(tunnel->to, c.address) << c.to;
        EXPECT_EQ(tunnel->place.line, 2U);
    }
}

TEST(MqttTunnelConfig, RefusesWhatLeadsNowhere) {
    const std::string form =
        " is not the address and port of an MQTT listener; write \"127.0.0.1:1883\", "
        "\"[::1]:1883\" or \"localhost:1883\"\n";
    for (const std::string to :
         {"", "1883", "broker:1883", "127.0.0.1:0", "0.0.0.0:1883", "[::]:1883", "::1:1883"}) {
        EXPECT_EQ(told("[mqtt_tunnel]\nto = \"" + to + "\"\n"),
                  "2:6: error: to = \"" + to + "\"" + form);
    }
    EXPECT_EQ(told("[mqtt_tunnel]\nto = 1883\n"),
              "2:6: error: to must be a string, not an integer\n");
    EXPECT_EQ(told("[mqtt_tunnel]\n"),
              "1:1: error: [mqtt_tunnel] needs to, the MQTT listener of the broker; write to = "
              "\"127.0.0.1:1883\", \"[::1]:1883\" or \"localhost:1883\"\n");
    EXPECT_EQ(told("[mqtt_tunnel]\nto = \"127.0.0.1:1883\"\ntoo = 1\n"),
              "3:1: error: unknown key \"too\" in [mqtt_tunnel]; did you mean \"to\"?\n");
}

TEST(MqttTunnelConfig, ItsOwnPortIsAnError) {
    const struct {
        const char *bind, *to;
        bool loop;
    } cases[] = {
        {"127.0.0.1:1883", "127.0.0.1:1883", true},  {"localhost:1883", "127.0.0.1:1883", true},
        {"127.0.0.1:1883", "localhost:1883", true},  {"[::1]:1883", "[::1]:1883", true},
        {"127.0.0.1:1883", "[::1]:1883", false},     {"127.0.0.1:8080", "127.0.0.1:1883", false},
        {"127.0.0.2:1883", "127.0.0.1:1883", false},
    };
    for (const auto& c : cases) {
        const std::string text = "[listener]\nbind = \"" + std::string(c.bind) +
                                 "\"\n[mqtt_tunnel]\nto = \"" + c.to + "\"\n";
        EXPECT_EQ(told(text), c.loop ? "4:6: error: to is where browsers connect (listener.bind); "
                                       "name the MQTT listener of the broker\n"
                                     : "")
            << c.bind << " " << c.to;
    }
    EXPECT_NE(told("[listener]\nbind = \"0.0.0.0:1883\"\n[auth]\nanonymous = \"role:x\"\n"
                   "[mqtt_tunnel]\nto = \"127.0.0.1:1883\"\n")
                  .find("6:6: error: to is where browsers connect"),
              std::string::npos);
}

TEST(MqttTunnelConfig, WarnsWhereTheBrokerWouldLetBrowsersDoMore) {
    const std::string tunnel = "[mqtt_tunnel]\nto = \"127.0.0.1:1883\"\n";
    const std::string auth = "[auth]\nanonymous = \"role:viewer\"\n";
    EXPECT_EQ(told(tunnel), "");
    EXPECT_TRUE(told(tunnel + auth).starts_with("2:6: warning: whoever [auth] lets in"));
    EXPECT_EQ(told(tunnel + auth + "mqtt = true\n"), "");
    EXPECT_EQ(told(tunnel + auth + "[acl]\n"), "");
    EXPECT_TRUE(told("[mqtt_tunnel]\nto = \"192.0.2.1:1883\"\n")
                    .starts_with("2:6: warning: to is not this machine"));

    const auto rule = [&](const std::string& what) {
        return told(tunnel + "[[acl.rule]]\n" + what + "\ntopics = [\"#\"]\n");
    };
    EXPECT_TRUE(rule("address = \"127.0.0.0/8\"\nallow = [\"publish\"]")
                    .starts_with("3:1: warning: address takes in the browsers of [mqtt_tunnel]"));
    EXPECT_EQ(rule("address = \"192.0.2.0/24\"\nallow = [\"publish\"]"), "");
    EXPECT_EQ(rule("address = \"127.0.0.1\"\ndeny = [\"publish\"]"), "");
}

}  // namespace
}  // namespace rtbridge
