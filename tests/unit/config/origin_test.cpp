#include "config/origin.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(Origin, IsBroughtIntoTheFormThatBrowsersSend) {
    const struct {
        std::string_view text, origin;
    } cases[] = {
        {"https://example.com", "https://example.com"},
        {"HTTPS://Example.COM", "https://example.com"},
        {"http://example.com:8080", "http://example.com:8080"},
        {"https://example.com:443", "https://example.com"},
        {"http://example.com:80", "http://example.com"},
        {"http://example.com:443", "http://example.com:443"},
        {"http://10.0.0.1:3000", "http://10.0.0.1:3000"},
        {"http://[::1]", "http://[::1]"},
        {"http://[::1]:3000", "http://[::1]:3000"},
        {"http://my_host", "http://my_host"},
        {"*", "*"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(parse_origin(c.text).value_or("(refused)"), c.origin) << c.text;
    }
}

TEST(Origin, RefusesEverythingElse) {
    for (const std::string_view text : {"",
                                        "null",
                                        "example.com",
                                        "//example.com",
                                        "ftp://example.com",
                                        "https:/example.com",
                                        "https://",
                                        "https://:80",
                                        "https://example.com/",
                                        "https://example.com/path",
                                        "https://example.com:",
                                        "https://example.com:0",
                                        "https://example.com:65536",
                                        "https://example.com:x",
                                        "https://*.example.com",
                                        "https://user@example.com",
                                        "https://exa mple.com",
                                        "http://::1",
                                        "http://[::1",
                                        "http://[]",
                                        "http://[x]",
                                        " *",
                                        "http://h\n"}) {
        EXPECT_FALSE(parse_origin(text)) << text;
    }
}

}  // namespace
}  // namespace rtbridge
