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

TEST(Admission, AnonymousIsWhatTheOperatorSaidAloud) {
    RequestFacts remote{"192.0.2.7", "panel.example", std::nullopt, true};
    ListenerConfig everywhere;
    everywhere.bind.host = "0.0.0.0";

    EXPECT_EQ(status(remote, everywhere, AuthConfig{.anonymous_role = "viewer"}), 200);
    EXPECT_EQ(status(remote, everywhere, AuthConfig{}), 401);
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
    facts.forwarded = true;
    facts.trusted_proxy = true;

    EXPECT_EQ(status(facts), 403);
}

TEST(Admission, AForeignOriginIsRefusedWhoeverAsks) {
    RequestFacts facts = local_request();
    facts.origin = "http://other.example";

    EXPECT_EQ(status(facts, {}, AuthConfig{.anonymous_role = "viewer"}), 403);
}

}  // namespace
}  // namespace rtbridge
