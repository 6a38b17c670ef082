// What the file promises to every supported Mosquitto before it runs.

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "broker.h"

namespace rtbridge {
namespace {

using ::testing::UnorderedElementsAre;

// Exported by the brokers of 2.0.11, 2.0.21 and 2.1.2 alike.
constexpr const char* common_functions[] = {
    "mosquitto_broker_publish",
    "mosquitto_broker_publish_copy",
    "mosquitto_callback_register",
    "mosquitto_callback_unregister",
    "mosquitto_calloc",
    "mosquitto_client_address",
    "mosquitto_client_certificate",
    "mosquitto_client_clean_session",
    "mosquitto_client_id",
    "mosquitto_client_keepalive",
    "mosquitto_client_protocol",
    "mosquitto_client_protocol_version",
    "mosquitto_client_sub_count",
    "mosquitto_client_username",
    "mosquitto_free",
    "mosquitto_kick_client_by_clientid",
    "mosquitto_kick_client_by_username",
    "mosquitto_log_printf",
    "mosquitto_malloc",
    "mosquitto_property_add_binary",
    "mosquitto_property_add_byte",
    "mosquitto_property_add_int16",
    "mosquitto_property_add_int32",
    "mosquitto_property_add_string",
    "mosquitto_property_add_string_pair",
    "mosquitto_property_add_varint",
    "mosquitto_property_free_all",
    "mosquitto_pub_topic_check",
    "mosquitto_realloc",
    "mosquitto_set_username",
    "mosquitto_strdup",
    "mosquitto_sub_topic_check",
    "mosquitto_topic_matches_sub",
    "mosquitto_validate_utf8",
};

// Names in the dynamic symbol table, as `nm` tells them.
std::vector<std::string> dynamic_symbols(const std::string& which) {
    const std::string command = "nm -D --format=posix " + which + " '" RTBRIDGE_SO "'";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string output;
    for (int c = fgetc(pipe.get()); c != EOF; c = fgetc(pipe.get())) output += static_cast<char>(c);
    std::istringstream lines(output);
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);)
        names.push_back(line.substr(0, line.find(' ')));
    return names;
}

TEST(Abi, ExactlyThePluginFunctionsAreExported) {
    EXPECT_THAT(dynamic_symbols("--defined-only"),
                UnorderedElementsAre("mosquitto_plugin_version", "mosquitto_plugin_init",
                                     "mosquitto_plugin_cleanup"));
}

TEST(Abi, OnlyBrokerFunctionsThatAllVersionsHaveAreNeeded) {
    const std::vector<std::string> needed = dynamic_symbols("--undefined-only");
    ASSERT_THAT(needed, ::testing::Contains("mosquitto_callback_register"));

    for (const std::string& name : needed) {
        if (!name.starts_with("mosquitto_")) continue;
        EXPECT_THAT(common_functions, ::testing::Contains(name));
    }
}

TEST(Abi, TheFakeBrokerOffersTheSameAndNoMore) {
    for (const char* name : common_functions) EXPECT_NE(dlsym(RTLD_DEFAULT, name), nullptr) << name;
    for (const char* name : {"mosquitto_strerror", "mosquitto_property_read_string"}) {
        EXPECT_EQ(dlsym(RTLD_DEFAULT, name), nullptr) << name;
    }
    EXPECT_EQ(dlsym(RTLD_DEFAULT, "mosquitto_plugin_set_info") != nullptr, fake_broker_is_2_1());
}

TEST(Abi, PluginInterfaceVersionFiveIsTakenAndNoOther) {
    const struct {
        std::vector<int> offered;
        int answer;
    } cases[] = {{{5}, 5},        {{5, 4, 3, 2}, 5}, {{2, 3, 4, 5}, 5}, {{6, 5}, 5},
                 {{4, 3, 2}, -1}, {{6}, -1},         {{}, -1}};
    const Broker broker;
    for (const auto& c : cases) {
        EXPECT_EQ(fake_broker_negotiate(RTBRIDGE_SO, c.offered.data(),
                                        static_cast<int>(c.offered.size())),
                  c.answer)
            << ::testing::PrintToString(c.offered);
    }
}

}  // namespace
}  // namespace rtbridge
