#include "access/client_address.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

std::vector<AddressRange> ranges(std::initializer_list<const char*> texts) {
    std::vector<AddressRange> ranges;
    for (const char* text : texts) ranges.push_back(*AddressRange::parse(text));
    return ranges;
}

TEST(ClientAddress, IsTheLastEntryThatNoTrustedProxyWroteAboutItself) {
    const auto trusted = ranges({"127.0.0.1", "192.0.2.0/24", "2001:db8::/32"});
    const struct {
        const char *peer, *header, *client;
    } cases[] = {
        {"127.0.0.1", "198.51.100.7", "198.51.100.7"},
        {"127.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"},  // the first is its client's word
        {"127.0.0.1", "198.51.100.7, 192.0.2.9,192.0.2.8", "198.51.100.7"},  // a chain of ours
        {"127.0.0.1", "192.0.2.9, 192.0.2.8", "192.0.2.9"},  // all ours: where it began
        {"2001:db8::1", "198.51.100.7", "198.51.100.7"},
        {"::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"},
        {"127.0.0.1", "198.51.100.7:4711", "198.51.100.7"},
        {"127.0.0.1", "[2001:DB9::7]:4711", "2001:db9::7"},
        {"127.0.0.1", "2001:db9:0::7", "2001:db9::7"},
        {"127.0.0.1", "6.6.6.6, \t198.51.100.7\t ", "198.51.100.7"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(client_address(c.peer, std::string(c.header), trusted), c.client) << c.header;
    }
}

TEST(ClientAddress, IsThePeerWhereNobodyIsTrustedOrNothingUsableIsSaid) {
    const auto trusted = ranges({"127.0.0.1"});

    EXPECT_EQ(client_address("192.0.2.1", "198.51.100.7", trusted), "192.0.2.1");
    EXPECT_EQ(client_address("127.0.0.1", "198.51.100.7", {}), "127.0.0.1");
    EXPECT_EQ(client_address("127.0.0.1", std::nullopt, trusted), "127.0.0.1");
    for (const char* header : {"", ",", "unknown", "198.51.100.7, unknown", "198.51.100.7,",
                               "198.51.100.256", "_hidden", "[::1", "127.1", "a\r\nb"}) {
        EXPECT_EQ(client_address("127.0.0.1", header, trusted), "127.0.0.1") << header;
    }
}

}  // namespace
}  // namespace rtbridge
