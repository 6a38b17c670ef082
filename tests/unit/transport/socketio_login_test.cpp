// CONNECT: who a client is, and who does not get in.

#include "transport/socketio_login.h"

#include "access/password_hash.h"
#include "transport/login_worker.h"
#include "transport/socketio_fixture.h"

namespace rtbridge {
namespace {

using SocketIoLogin = SocketIoTest;

// Logins by a password, which is checked beside the loop.
class SocketIoPassword : public SocketIoTest {
protected:
    static std::string record_of(std::string_view password) {
        return "anna:" + PasswordHash::pbkdf2(password, 1'000)->text() + "\n";
    }
    [[nodiscard]] std::string with_password(std::string_view password) const {
        return "[auth]\npasswords_file = \"" + folder.write("passwords", record_of(password)) +
               "\"\n";
    }
    // A client whose handshake shows it, in base64.
    FakeClient& connect_with(const std::string& user_and_password) {
        assert_on_listener_thread();
        auto& client = *clients.emplace_back(std::make_unique<FakeClient>());
        client.socket.its_handshake().authorization = "Basic " + user_and_password;
        client.handler = here->application.connect("/", client.socket);
        client.handler->on_connect("");
        return client;
    }
    static inline const std::string right = "YW5uYTpzZWNyZXQ=";  // anna:secret
    static inline const std::string wrong = "YW5uYTpzZWNyZXM=";  // anna:secres
};

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

TEST_F(SocketIoPassword, IsCheckedBesideTheLoop) {
    use(with_password("secret"));
    FakeClient& anna = connect_with(right);
    FakeClient& guesser = connect_with(wrong);
    EXPECT_EQ(anna.socket.take() + guesser.socket.take(), "");
    EXPECT_EQ(registry.size(), 0U);

    finish_checks();

    EXPECT_EQ(anna.socket.take(), "accepted\n");
    EXPECT_EQ(guesser.socket.take(),
              "refused unknown user or wrong password {\"code\":\"unauthorized\"}\n");
    ASSERT_EQ(registry.size(), 1U);
    EXPECT_EQ(registry.list()[0].record->user, "anna");
    EXPECT_EQ(metrics.logins.value(), 1U);
    EXPECT_EQ(metrics.logins_refused.value(), 1U);
}

TEST_F(SocketIoPassword, OfAClientThatLeavesMeanwhileLetsNobodyInAndCounts) {
    use("[limits]\nlogins_per_minute = 1\n" + with_password("secret"));
    disconnect(connect_with(right));
    disconnect(connect_with(wrong));

    finish_checks();

    EXPECT_EQ(registry.size(), 0U);
    EXPECT_EQ(metrics.logins_refused.value(), 1U);
    EXPECT_EQ(connect_with(right).socket.take(),
              "refused too many failed logins from this address; try later {\"code\":\"limit\"}\n");
}

TEST_F(SocketIoPassword, ThatChangesMeanwhileLetsNobodyIn) {
    use(with_password("secret"));
    FakeClient& client = connect_with(right);
    const std::string changed = with_password("other");
    here->state.config = snapshot_of(changed);

    finish_checks();

    EXPECT_EQ(client.socket.take(),
              "refused the password has just changed {\"code\":\"unauthorized\"}\n");
}

TEST_F(SocketIoPassword, LetsNobodyInWhileTheBrokerStops) {
    use(with_password("secret"));
    FakeClient& client = connect_with(right);
    here->state.draining = true;

    finish_checks();

    EXPECT_EQ(client.socket.take(), "refused draining {\"code\":\"unavailable\"}\n");
}

TEST_F(SocketIoPassword, IsRefusedWhereTooManyAreChecked) {
    use(with_password("secret"));
    for (unsigned i = 0; i < LoginWorker::in_flight_max; ++i) (void)connect_with(right);

    EXPECT_EQ(connect_with(right).socket.take(),
              "refused too many logins at this time {\"code\":\"unavailable\"}\n");
    EXPECT_EQ(hits(Limit::LoginChecks), 1U);
    finish_checks();
    EXPECT_EQ(registry.size(), LoginWorker::in_flight_max);
}

}  // namespace
}  // namespace rtbridge
