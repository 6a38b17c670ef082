#include "access/origin.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(Origin, WithoutAListIsTheHostsOwnNameOnAnyPortAndScheme) {
    const struct {
        const char *origin, *host;
        bool allowed;
    } cases[] = {
        {"http://localhost:3000", "localhost:8080", true},
        {"https://panel.example:444", "panel.example", true},
        {"http://PANEL.example", "panel.EXAMPLE:8080", true},
        {"http://[::1]:3000", "[::1]:8080", true},
        {"http://127.0.0.1", "localhost:8080", false},
        {"http://evil-localhost", "localhost:8080", false},
        {"http://localhost.evil.example", "localhost:8080", false},
        {"http://evil.example/localhost", "localhost:8080", false},
        {"http://localhost:3000evil", "localhost:8080", false},
        {"http://localhost.", "localhost:8080", false},
        {"http://user@localhost", "localhost:8080", false},
        {"http://localhost@evil.example", "localhost:8080", false},
        {"http://localhost/", "localhost:8080", false},
        {"http://localhost, http://localhost", "localhost:8080", false},  // sent twice
        {"http://localhost,http://localhost", "localhost:8080", false},
        {"http://[::1", "[::1]:8080", false},
        {"http://[::1].evil.example", "[::1]:8080", false},
        {"http://::1", "[::1]:8080", false},
        {"null", "localhost:8080", false},
        {"", "localhost:8080", false},
        {"http://", "", false},
        {"localhost", "localhost", false},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(origin_allowed(std::string(c.origin), c.host, {}), c.allowed)
            << c.origin << " at " << c.host;
    }
}

TEST(Origin, AListIsExact) {
    const std::vector<std::string> list = {"https://panel.example", "http://localhost:3000"};
    const struct {
        const char* origin;
        bool allowed;
    } cases[] = {
        {"https://panel.example", true},
        {"https://panel.example:443", true},  // the port that the scheme implies
        {"http://localhost:3000", true},
        {"http://panel.example", false},
        {"https://panel.example:8443", false},
        {"https://panel.example.evil.example", false},
        {"https://evil-panel.example", false},
        {"http://localhost", false},
        {"http://localhost:30000", false},
        {"null", false},
        {"https://panel.example.", false},
        {"https://panel.example/", false},
        {"https://user@panel.example", false},
        {"https://panel.example@evil.example", false},
        {"https://panel.example,https://panel.example", false},
        {"HTTPS://PANEL.EXAMPLE", true},  // schemes and names have no case
        {"https://panel.example:0443", true},
        {"https://panel.example:443evil", false},
        {"", false},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(origin_allowed(std::string(c.origin), "panel.example", list), c.allowed)
            << c.origin;
    }
}

TEST(Origin, AStarIsAnyAndAbsentIsNotABrowser) {
    EXPECT_TRUE(origin_allowed(std::string("null"), "x", {"*"}));
    EXPECT_TRUE(origin_allowed(std::string("http://any.example"), "x", {"*"}));
    EXPECT_TRUE(origin_allowed(std::nullopt, "x", {}));
}

TEST(Origin, KnowsLoopbackNames) {
    for (const char* name :
         {"localhost", "panel.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback_name(name)) << name;
    }
    for (const char* name :
         {"", "localhost.example", "evil.example,x.localhost", "127.0.0.1.example", "128.0.0.1",
          "0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1", "127.1"}) {
        EXPECT_FALSE(is_loopback_name(name)) << name;
    }
}

TEST(Origin, TakesTheNameOutOfAHostHeader) {
    EXPECT_EQ(host_name("Example:8080"), "example");
    EXPECT_EQ(host_name("[::1]:8080"), "::1");
    EXPECT_EQ(host_name("[::1]"), "::1");
    EXPECT_EQ(host_name("[::1"), "");
    EXPECT_EQ(host_name("[::1]evil"), "");
    EXPECT_EQ(host_name("a:b"), "");
    EXPECT_EQ(host_name("a:1:2"), "");
}

}  // namespace
}  // namespace rtbridge
