// CONNECT: who a client is, and who does not get in.

#include "transport/socketio_login.h"

#include "transport/socketio_fixture.h"

namespace rtbridge {
namespace {

using SocketIoLogin = SocketIoTest;

TEST_F(SocketIoLogin, WithoutAuthEveryoneOnThisMachineGetsIn) {
    use("");
    EXPECT_EQ(connect().socket.take(), "accepted\n");
    // A page may send a token wherever it is used.
    EXPECT_EQ(connect(R"({"token":"abc"})").socket.take(), "accepted\n");
}

TEST_F(SocketIoLogin, WithoutAuthNobodyElseDoes) {
    use("");
    FakeClient client;
    client.socket.its_handshake().facts.peer_address = "192.0.2.1";
    assert_on_listener_thread();
    client.handler = here->application.connect("/", client.socket);
    client.handler->on_connect("");

    EXPECT_EQ(client.socket.take(),
              "refused without an [auth] section only loopback requests to a loopback name are "
              "served {\"code\":\"forbidden\"}\n");
}

TEST_F(SocketIoLogin, ThereIsOneNamespace) {
    use("");
    FakeClient client;
    assert_on_listener_thread();
    EXPECT_EQ(here->application.connect("/admin", client.socket), nullptr);
}

TEST_F(SocketIoLogin, ATokenSaysWhoItIs) {
    use(with_tokens() + "[[socketio.welcome]]\nevent = \"connected\"\n");

    EXPECT_EQ(connect(auth_of("anna", "admin")).socket.take(),
              "accepted\n"
              R"(connected {"message":"Connected","socketId":"sid-1","user":{"id":"anna",)"
              R"("username":"anna","role":"admin"}})"
              "\n");
    EXPECT_EQ(metrics.logins.value(), 1U);
}

TEST_F(SocketIoLogin, RefusalsNameTheirReason) {
    use(with_tokens());
    const struct {
        std::string auth;
        const char* refusal;
    } cases[] = {
        {"",
         "refused this needs a login: auth.anonymous is \"deny\" {\"code\":\"unauthorized\"}\n"},
        {R"({"token":null})",
         "refused this needs a login: auth.anonymous is \"deny\" {\"code\":\"unauthorized\"}\n"},
        {R"({"token":""})",
         "refused this needs a login: auth.anonymous is \"deny\" {\"code\":\"unauthorized\"}\n"},
        {R"({"token":7})", "refused auth.token is not a text {\"code\":\"unauthorized\"}\n"},
        {R"({"token":"x.y.z"})",
         "refused the token is not valid here {\"code\":\"unauthorized\"}\n"},
        {auth_of("anna", "admin", 1'700'000'000),
         "refused the token has expired {\"code\":\"token_expired\"}\n"},
    };
    for (const auto& c : cases) EXPECT_EQ(connect(c.auth).socket.take(), c.refusal) << c.auth;
    EXPECT_EQ(metrics.logins_refused.value(), 2U);
    EXPECT_EQ(registry.size(), 0U);
}

TEST_F(SocketIoLogin, TheHandshakeMayShowTheToken) {
    use(with_tokens());
    FakeClient client;
    const std::string auth = auth_of("anna", "admin");
    client.socket.its_handshake().authorization =
        "Bearer " + auth.substr(10, auth.size() - 12);  // without {"token":" and "}
    assert_on_listener_thread();
    client.handler = here->application.connect("/", client.socket);
    client.handler->on_connect("{}");

    EXPECT_EQ(client.socket.take(), "accepted\n");
    ASSERT_EQ(registry.list().size(), 1U);
    EXPECT_EQ(registry.list()[0].record->user, "anna");
    EXPECT_EQ(registry.list()[0].record->transport, "socket.io");
    client.handler->on_disconnect("transport close");
    EXPECT_EQ(registry.size(), 0U);
}

TEST_F(SocketIoLogin, NobodyGetsInWhileTheBrokerStops) {
    use("");
    here->state.draining = true;
    EXPECT_EQ(connect().socket.take(), "refused draining {\"code\":\"unavailable\"}\n");
}

TEST_F(SocketIoLogin, AUserHasSoManyConnections) {
    use("[limits]\nconnections_per_user = 1\n" + with_tokens());
    (void)connected(auth_of("anna", "admin"));

    EXPECT_EQ(connect(auth_of("anna", "admin")).socket.take(),
              "refused this user has too many connections {\"code\":\"limit\"}\n");
    EXPECT_EQ(hits(Limit::ConnectionsPerUser), 1U);
    EXPECT_EQ(connect(auth_of("bert", "admin")).socket.take(), "accepted\n");
}

TEST_F(SocketIoLogin, WhoMayReceiveNothingIsTold) {
    use("[auth]\nanonymous = \"role:nobody\"\n[acl]\n");
    EXPECT_EQ(connect().socket.take(), "refused no access to any topic {\"code\":\"forbidden\"}\n");
    EXPECT_EQ(metrics.denied_browsers.value(), 1U);
}

TEST_F(SocketIoLogin, AWrongSelectorInTheUrlIsToldAndAnUnknownOneIsThePagesOwn) {
    use("");
    EXPECT_EQ(connect("", nullptr, {{"topic", "a/#/b"}}).socket.take(),
              "refused topic=a/#/b: '#' must be the last level {\"code\":\"bad_request\"}\n");
    EXPECT_EQ(connect("", nullptr, {{"EIO", "4"}, {"room", "5"}}).socket.take(), "accepted\n");
}

// The token names a key that came after the key files were read.
TEST_F(SocketIoLogin, KeysAreReadAgainBesideTheLoop) {
    const EvpKey key = make_ec_key("P-256");
    const auto jwks = [](const std::string& id, const EvpKey& of) {
        return R"({"keys":[{"kid":")" + id + "\"," + public_jwk(of) + "}]}";
    };
    const std::string file = folder.write("keys", jwks("old", make_ec_key("P-256")));
    use("[auth]\n[[auth.jwt]]\nalgorithms = [\"ES256\"]\nkeys_file = \"" + file + "\"\n");
    folder.write("keys", jwks("new", key));
    const std::string token = sign_key(R"({"alg":"ES256","kid":"new"})",
                                       R"({"sub":"anna","exp":1700010000})", key, "ES256");
    HttpRequest handshake;
    handshake.facts = {"127.0.0.1", "localhost", std::nullopt, false};
    assert_on_listener_thread();

    const auto first = identify_client(token, handshake, here->state.api());
    const auto* const check = std::get_if<LoginCheck>(&first);
    ASSERT_NE(check, nullptr);
    const CheckedLogin checked = check->run();
    const auto second = identify_client(token, handshake, here->state.api(), &checked);

    ASSERT_TRUE(std::holds_alternative<Visitor>(second));
    EXPECT_EQ(std::get<Visitor>(second).identity.user, "anna");
}

}  // namespace
}  // namespace rtbridge
