#include "config/address_range.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(AddressRange, ContainsTheAddressesOfItsNetwork) {
    const struct {
        std::string_view range, address;
        bool contains;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.99/24", "192.0.2.1", true},  // host bits do not matter
        {"10.0.0.0/9", "10.127.0.1", true},
        {"10.0.0.0/9", "10.128.0.1", false},
        {"0.0.0.0/0", "203.0.113.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"192.0.2.0/24", "::ffff:192.0.2.1", true},  // IPv4 on an IPv6 socket
        {"127.0.0.1", "", false},
        {"0.0.0.0/0", "localhost", false},
    };
    for (const auto& c : cases) {
        const auto range = AddressRange::parse(c.range);
        ASSERT_TRUE(range) << c.range;
        EXPECT_EQ(range->contains(c.address), c.contains) << c.range << " " << c.address;
    }
}

TEST(AddressRange, IsWrittenInItsShortestForm) {
    const struct {
        std::string_view range, text;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"192.0.2.7/24", "192.0.2.0/24"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"::ffff:10.1.2.3/104", "10.0.0.0/8"},
        {"2001:DB8:0:0::/32", "2001:db8::/32"},
        {"::1", "::1"},
        {"::/0", "::/0"},
    };
    for (const auto& c : cases) EXPECT_EQ(AddressRange::parse(c.range)->text(), c.text) << c.range;
}

TEST(AddressRange, RefusesWhatIsNoAddressOrNetwork) {
    for (const std::string_view text :
         {"", "localhost", "192.0.2", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/8x",
          "2001:db8::/129", "[::1]", "192.0.2.1:80", "/24"}) {
        EXPECT_FALSE(AddressRange::parse(text)) << text;
    }
}

}  // namespace
}  // namespace rtbridge
