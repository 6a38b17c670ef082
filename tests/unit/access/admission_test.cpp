#include "access/admission.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

RequestFacts local_request() {
    return {"127.0.0.1", "localhost:8080", std::nullopt, false};
}

int status(const RequestFacts& facts, const ListenerConfig& listener = {},
           const std::optional<AuthConfig>& auth = std::nullopt) {
    const auto refusal = refuse_request(facts, listener, auth);
    return refusal ? refusal->http_status : 200;
}

TEST(Admission, WithoutAuthOnlyLoopbackGetsIn) {
    EXPECT_EQ(status(local_request()), 200);

    RequestFacts facts = local_request();
    facts.peer_address = "192.0.2.7";
    EXPECT_EQ(status(facts), 403);

    facts = local_request();
    facts.host = "rebound.example:8080";  // a DNS name that points to 127.0.0.1
    EXPECT_EQ(status(facts), 403);

    facts = local_request();
    facts.host = "";
    EXPECT_EQ(status(facts), 403);

    facts = local_request();
    facts.forwarded = true;  // a reverse proxy on this host serves the world
    EXPECT_EQ(status(facts), 403);

    facts = local_request();
    facts.origin = "http://other.example";
    EXPECT_EQ(status(facts), 403);

    ListenerConfig everywhere;
    everywhere.bind.host = "0.0.0.0";
    EXPECT_EQ(status(local_request(), everywhere), 403);
}

TEST(Admission, WithAuthAnyoneMayAskFromAnywhere) {
    const RequestFacts remote{"192.0.2.7", "panel.example", std::nullopt, true};
    ListenerConfig everywhere;
    everywhere.bind.host = "0.0.0.0";

    EXPECT_EQ(status(remote, everywhere, AuthConfig{}), 200);
}

// DNS rebinding: a page of a foreign name that an attacker lets point to 127.0.0.1 is of the same
// origin as what it finds there.
TEST(Admission, OnALoopbackBindTheHostHasToBeAnExpectedNameWhoeverAsks) {
    const AuthConfig anyone{.anonymous_role = "viewer"};
    RequestFacts facts = local_request();
    EXPECT_EQ(status(facts, {}, anyone), 200);

    facts.host = "rebound.example:8080";
    facts.origin = "http://rebound.example:8080";
    EXPECT_EQ(status(facts, {}, anyone), 403);
    facts.origin.reset();
    EXPECT_EQ(status(facts, {}, anyone), 403);
    facts.host = "";
    EXPECT_EQ(status(facts, {}, anyone), 403);

    ListenerConfig listener;
    listener.origins = {"https://panel.example:8443"};
    facts.host = "panel.example";
    EXPECT_EQ(status(facts, listener, anyone), 200);
    facts.host = "other.example";
    EXPECT_EQ(status(facts, listener, anyone), 403);
    listener.origins = {"*"};
    EXPECT_EQ(status(facts, listener, anyone), 200);

    facts.trusted_proxy = true;  // it decides which names it serves
    EXPECT_EQ(status(facts, {}, anyone), 200);
}

TEST(Admission, ATrustedProxyDoesNotMakeItsClientsLocal) {
    RequestFacts facts = local_request();
    facts.trusted_proxy = true;  // whether it adds a header that says so or not
    EXPECT_EQ(status(facts), 403);
    facts.forwarded = true;
    EXPECT_EQ(status(facts), 403);
}

TEST(Admission, AForeignOriginIsRefusedWhoeverAsks) {
    RequestFacts facts = local_request();
    facts.origin = "http://other.example";

    EXPECT_EQ(status(facts, {}, AuthConfig{}), 403);
}

TEST(Admission, LoopbackIsThisMachineWithoutProxyAndWithoutForeignPage) {
    const struct {
        const char* peer;
        const char* host;
        std::optional<std::string> origin;
        bool forwarded, loopback;
    } cases[] = {
        {"127.0.0.1", "localhost", std::nullopt, false, true},
        {"::1", "[::1]:8080", std::nullopt, false, true},
        {"127.0.0.1", "localhost", "http://localhost:3000", false, true},
        {"127.0.0.1", "localhost", std::nullopt, true, false},
        {"127.0.0.1", "rebound.example", std::nullopt, false, false},
        {"192.0.2.7", "localhost", std::nullopt, false, false},
        {"127.0.0.1", "localhost", "https://app.example", false, false},  // named, yet foreign
    };
    ListenerConfig listener;
    listener.origins = {"https://app.example"};
    for (const auto& c : cases) {
        EXPECT_EQ(is_loopback_request({c.peer, c.host, c.origin, c.forwarded}, listener),
                  c.loopback)
            << c.peer << " " << c.host;
    }
    listener.bind.host = "0.0.0.0";
    EXPECT_FALSE(is_loopback_request(local_request(), listener));
}

TEST(Admission, ACookieSpeaksOnlyForPagesThatAreOursOrNamed) {
    const struct {
        std::vector<std::string> origins;
        std::optional<std::string> origin;
        bool refused;
    } cases[] = {
        {{}, std::nullopt, false},  // not a page
        {{}, "http://panel.example:3000", false},
        {{}, "http://other.example", true},
        {{"https://app.example"}, "https://app.example", false},
        {{"*"}, "http://panel.example", false},
        {{"*"}, "http://other.example", true},  // "*" names nobody
        {{"*"}, "null", true},
        {{"*", "https://app.example"}, "https://app.example", false},
    };
    for (const auto& c : cases) {
        ListenerConfig listener;
        listener.origins = c.origins;
        const RequestFacts facts{"192.0.2.7", "panel.example", c.origin, false};
        EXPECT_EQ(refuse_cookie(facts, listener, "", true).has_value(), c.refused)
            << c.origin.value_or("none");
    }
}

TEST(Admission, AFormOfAnotherSiteCannotUseACookie) {
    const RequestFacts facts{"192.0.2.7", "panel.example", std::nullopt, false};
    const struct {
        const char* site;
        bool changes_state, refused;
    } cases[] = {
        {"same-origin", true, false}, {"none", true, false},     {"", true, false},
        {"cross-site", true, true},   {"same-site", true, true}, {"cross-site", false, false}};
    for (const auto& c : cases) {
        EXPECT_EQ(refuse_cookie(facts, {}, c.site, c.changes_state).has_value(), c.refused)
            << c.site;
    }
}

TEST(Admission, OnlyNamedOriginsCountAsNamed) {
    ListenerConfig listener;
    RequestFacts facts{"192.0.2.7", "panel.example", "http://panel.example", false};
    EXPECT_FALSE(origin_named(facts, listener));

    listener.origins = {"*"};
    EXPECT_FALSE(origin_named(facts, listener));

    listener.origins = {"http://panel.example"};
    EXPECT_TRUE(origin_named(facts, listener));
}

}  // namespace
}  // namespace rtbridge
