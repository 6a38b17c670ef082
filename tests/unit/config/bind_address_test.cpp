#include "config/bind_address.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(BindAddress, IsAnAddressOrLocalhostWithAPort) {
    const struct {
        std::string_view text;
        BindAddress bind;
    } cases[] = {
        {"127.0.0.1:8080", {"127.0.0.1", 8080}}, {"0.0.0.0:0", {"0.0.0.0", 0}},
        {"[::1]:65535", {"::1", 65535}},         {"[::]:80", {"::", 80}},
        {"localhost:8080", {"localhost", 8080}},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(parse_bind_address(c.text), c.bind) << c.text;
    }
}

TEST(BindAddress, RefusesEverythingElse) {
    using namespace std::string_view_literals;
    for (const std::string_view text : {""sv,
                                        ":"sv,
                                        ":8080"sv,
                                        "8080"sv,
                                        "127.0.0.1"sv,
                                        "127.0.0.1:"sv,
                                        "127.0.0.1:65536"sv,
                                        "127.0.0.1:-1"sv,
                                        "127.0.0.1:+1"sv,
                                        "127.0.0.1: 80"sv,
                                        "127.0.0.1:80x"sv,
                                        "*:8080"sv,
                                        "::1:8080"sv,
                                        "::1"sv,
                                        "[::1]"sv,
                                        "[]:80"sv,
                                        "[127.0.0.1]:80"sv,
                                        "[fe80::1%eth0]:80"sv,
                                        "example.com:80"sv,
                                        "127.1:80"sv,
                                        "256.0.0.1:80"sv,
                                        "127.0.0.1\0x:80"sv}) {
        EXPECT_FALSE(parse_bind_address(text)) << text;
    }
}

TEST(BindAddress, KnowsWhatOnlyThisMachineReaches) {
    for (const char* host :
         {"localhost", "127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE((BindAddress{host, 1}.loopback())) << host;
    }
    for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "fe80::1", "::ffff:10.0.0.1",
                             "::ffff:0.0.0.0", "", "127.0.0.1.example"}) {
        EXPECT_FALSE((BindAddress{host, 1}.loopback())) << host;
    }
}

}  // namespace
}  // namespace rtbridge
