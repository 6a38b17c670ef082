// Who may ask the HTTP API what, and how to log in by it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "access/tls_certificate.h"
#include "fakes/certificate.h"
#include "listener/updates.h"
#include "transport/api_fixture.h"
#include "transport/identification.h"

namespace rtbridge {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

// mosquitto_passwd's format: PBKDF2-SHA512 of "secret" with 101 iterations.
constexpr std::string_view record_of_secret =
    ":$7$101$AAECAwQFBgcICQoL$Xr99N9ym9ys8TWxis5ajETJq6EVYzmc6nb8t3pUYnPBb"
    "CAbICS4xejTltonXWCtJNBvA+By+TXUqU6qCblO00w==\n";

std::vector<std::string> headers_named(const HttpReply& reply, std::string_view name) {
    std::vector<std::string> values;
    for (const auto& [header, value] : reply.headers) {
        if (header == name) values.push_back(value);
    }
    return values;
}

class AccessApiTest : public ApiTest {
protected:
    void SetUp() override {
        ApiTest::SetUp();
        write_password_of("anna");
        use(with_passwords);
    }
    void write_password_of(const char* user) const {
        std::ofstream(file) << user << record_of_secret;
    }
    void TearDown() override {
        std::remove(file.c_str());
        ApiTest::TearDown();
    }
    [[nodiscard]] HttpReply login(const std::string& user, const std::string& password) {
        HttpRequest request = request_of(HttpMethod::Post, "/api/login");
        request.content_type = "application/json";
        request.body = json{{"user", user}, {"password", password}}.dump();
        return ask(request);
    }
    [[nodiscard]] HttpReply get_with_cookie(const std::string& path, const std::string& value) {
        HttpRequest request = request_of(HttpMethod::Get, path);
        request.cookies = "rtbridge=" + value;
        return ask(request);
    }
    [[nodiscard]] static std::string secret_of(const HttpReply& reply) {
        const auto cookies = headers_named(reply, "Set-Cookie");
        if (cookies.empty()) return {};
        const std::size_t begin = cookies.front().find('=') + 1;
        return cookies.front().substr(begin, cookies.front().find(';') - begin);
    }

    std::string file = testing::TempDir() + "rtbridge-passwords-" +
                       testing::UnitTest::GetInstance()->current_test_info()->name();
    std::string with_passwords = "[auth]\npasswords_file = \"" + file +
                                 "\"\n[[auth.role]]\nuser = \"anna\"\nrole = \"operator\"\n";
};

TEST_F(AccessApiTest, WithoutCredentialsItSaysHowToLogIn) {
    const HttpReply reply = get("/api/status");

    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(json::parse(reply.body)["login"], true);
    EXPECT_THAT(headers_named(reply, "WWW-Authenticate"),
                testing::ElementsAre(HasSubstr("Bearer"), HasSubstr("Basic")));
}

TEST_F(AccessApiTest, AScriptsRequestMakesNoWindowOfTheBrowserPopUp) {
    HttpRequest request = request_of(HttpMethod::Get, "/api/status");
    for (const char* mode : {"cors", "same-origin", "websocket"}) {
        request.sec_fetch_mode = mode;
        EXPECT_THAT(headers_named(ask(request), "WWW-Authenticate"),
                    testing::ElementsAre(HasSubstr("Bearer")));
    }
}

TEST_F(AccessApiTest, ALoginLastsUntilLogout) {
    const HttpReply reply = login("anna", "secret");
    ASSERT_EQ(reply.status, 200);
    EXPECT_EQ(json::parse(reply.body)["roles"], json{"operator"});
    const std::string secret = secret_of(reply);
    EXPECT_EQ(secret.size(), 43U);
    EXPECT_EQ(get_with_cookie("/api/status", secret).status, 200);

    HttpRequest logout = request_of(HttpMethod::Post, "/api/logout");
    logout.cookies = "rtbridge=" + secret;
    EXPECT_EQ(ask(logout).status, 200);

    const HttpReply after = get_with_cookie("/api/status", secret);
    EXPECT_EQ(after.status, 401);
    EXPECT_THAT(headers_named(after, "Set-Cookie"), testing::ElementsAre(HasSubstr("Max-Age=0")));
}

TEST_F(AccessApiTest, ALoginEndsAfterItsLifetime) {
    const std::string secret = secret_of(login("anna", "secret"));

    clock.advance(SharedLogins::login_lifetime + seconds(1));

    EXPECT_EQ(get_with_cookie("/api/status", secret).status, 401);
}

TEST_F(AccessApiTest, UnderTlsTheCookieIsSecure) {
    const CertificatePem pem = make_certificate();
    const std::string directory = testing::TempDir();
    std::ofstream(directory + "cert.pem") << pem.certificate;
    std::ofstream(directory + "key.pem") << pem.key;
    Diagnostics diagnostics;
    config.tls = TlsCertificate::load({{directory + "cert.pem", {}}, {directory + "key.pem", {}}},
                                      0, diagnostics);
    ASSERT_NE(config.tls, nullptr);

    EXPECT_THAT(headers_named(login("anna", "secret"), "Set-Cookie"),
                testing::ElementsAre(HasSubstr("; Secure")));
}

TEST_F(AccessApiTest, AChangedPasswordEndsLoginsAndOpenTickets) {
    const std::string secret = secret_of(login("anna", "secret"));
    HttpRequest ask_ticket = request_of(HttpMethod::Post, "/api/ticket");
    ask_ticket.cookies = "rtbridge=" + secret;
    const std::string ticket = json::parse(ask(ask_ticket).body)["ticket"];

    write_password_of("bert");
    use(with_passwords);

    EXPECT_EQ(get_with_cookie("/api/status", secret).status, 401);
    EXPECT_EQ(get("/api/status", {{"ticket", ticket}}).status, 401);
}

TEST_F(AccessApiTest, ATicketIsGoodOnceAndNotForLong) {
    HttpRequest ask_ticket = request_of(HttpMethod::Post, "/api/ticket");
    ask_ticket.cookies = "rtbridge=" + secret_of(login("anna", "secret"));
    const json first = json::parse(ask(ask_ticket).body);
    const json second = json::parse(ask(ask_ticket).body);

    EXPECT_EQ(first["expires_in"], 30);
    EXPECT_EQ(get("/api/status", {{"ticket", first["ticket"]}}).status, 200);
    EXPECT_EQ(get("/api/status", {{"ticket", first["ticket"]}}).status, 401);
    clock.advance(seconds(31));
    EXPECT_EQ(get("/api/status", {{"ticket", second["ticket"]}}).status, 401);
}

TEST_F(AccessApiTest, ATicketGetsNoOther) {
    HttpRequest ask_ticket = request_of(HttpMethod::Post, "/api/ticket");
    ask_ticket.cookies = "rtbridge=" + secret_of(login("anna", "secret"));
    const std::string ticket = json::parse(ask(ask_ticket).body)["ticket"];
    HttpRequest by_ticket = request_of(HttpMethod::Post, "/api/ticket");
    by_ticket.query = {{"ticket", ticket}};

    EXPECT_EQ(ask(by_ticket).status, 403);
    EXPECT_EQ(get("/api/status", {{"ticket", ticket}}).status, 401);  // was used for that
}

TEST_F(AccessApiTest, ATicketEndsWithWhatItWasGotBy) {
    Identity anna = config.access->authenticator->named("anna");
    anna.expires_unix_s = clock.unix_ms() / 1000 + 5;
    const std::uint64_t record = config.access->authenticator->password_record("anna");
    const std::string early = logins.tickets.issue({anna, record}, clock.now());
    const std::string late = logins.tickets.issue({anna, record}, clock.now());

    EXPECT_EQ(get("/api/status", {{"ticket", early}}).status, 200);
    clock.advance(seconds(5));
    EXPECT_EQ(get("/api/status", {{"ticket", late}}).status, 401);
}

TEST_F(AccessApiTest, GuessingIsSlowedDownAndTold) {
    config.limits.logins_per_minute = 2;
    EXPECT_EQ(login("anna", "wrong").status, 401);
    EXPECT_EQ(login("anna", "wrong").status, 401);

    const HttpReply refused = login("anna", "secret");

    EXPECT_EQ(refused.status, 429);
    EXPECT_THAT(headers_named(refused, "Retry-After"), testing::ElementsAre("1"));
    EXPECT_EQ(hits(Limit::LoginsPerMinute), 1U);
    EXPECT_EQ(metrics.logins_refused.value(), 2U);
    EXPECT_THAT(log.text, HasSubstr("login of \"anna\" refused to a browser at 127.0.0.1"));
    clock.advance(seconds(2));
    EXPECT_EQ(login("anna", "secret").status, 200);
}

TEST_F(AccessApiTest, WhoHasToWaitDoesNotLearnWhichPasswordsAreRight) {
    config.limits.logins_per_minute = 2;
    ASSERT_EQ(login("anna", "secret").status, 200);  // is remembered as right
    EXPECT_EQ(login("anna", "wrong").status, 401);
    EXPECT_EQ(login("anna", "wrong").status, 401);

    EXPECT_EQ(login("anna", "guess").status, 429);
    EXPECT_EQ(login("anna", "secret").status, 429);
}

TEST_F(AccessApiTest, APasswordThatWasRightIsNotCheckedAgainForAWhile) {
    HttpRequest request = request_of(HttpMethod::Get, "/api/status");
    request.authorization = "Basic YW5uYTpzZWNyZXQ=";  // anna:secret

    EXPECT_EQ(ask(request).status, 200);
    EXPECT_EQ(ask(request).status, 200);
    EXPECT_EQ(checks, 1);

    clock.advance(LoginCache::lifetime);
    EXPECT_EQ(ask(request).status, 200);
    EXPECT_EQ(checks, 2);
}

TEST_F(AccessApiTest, ALoginWantsJsonWithTwoTexts) {
    HttpRequest request = request_of(HttpMethod::Post, "/api/login");
    request.body = "{}";
    EXPECT_EQ(ask(request).status, 415);
    request.content_type = "application/json";
    for (const char* body :
         {"", "{}", "[]", "7", R"({"user":"a"})", R"({"user":1,"password":""})"}) {
        request.body = body;
        EXPECT_EQ(ask(request).status, 400) << body;
    }
    request.method = HttpMethod::Get;
    const HttpReply reply = ask(request);
    EXPECT_EQ(reply.status, 405);
    EXPECT_THAT(headers_named(reply, "Allow"), testing::ElementsAre("POST, OPTIONS"));
}

TEST_F(AccessApiTest, WherePasswordsAreNotInUseThereIsNoLogin) {
    use("[auth]\n");

    EXPECT_EQ(login("anna", "secret").status, 404);
    EXPECT_THAT(get("/api/status").body, Not(HasSubstr("login\":true")));
}

TEST_F(AccessApiTest, AdminRoutesAreForAdminsAndForThisMachine) {
    use(with_passwords + "[acl]\n[[acl.rule]]\nrole = \"operator\"\nallow = [\"admin\"]\n");
    for (const char* path : {"/api/sessions", "/metrics"}) {
        HttpRequest request = request_of(HttpMethod::Get, path);
        EXPECT_EQ(ask(request).status, 200) << path;

        request.facts.forwarded = true;
        EXPECT_EQ(ask(request).status, 401) << path;
        request.authorization = "Basic YW5uYTpzZWNyZXQ=";
        EXPECT_EQ(ask(request).status, 200) << path;
    }
    use(with_passwords + "[acl]\n");
    HttpRequest request = request_of(HttpMethod::Get, "/api/sessions");
    request.facts.forwarded = true;
    request.authorization = "Basic YW5uYTpzZWNyZXQ=";
    EXPECT_EQ(ask(request).status, 403);
    EXPECT_THAT(log.text, HasSubstr("denied to user \"anna\" at 127.0.0.1: /api/sessions"));
    EXPECT_EQ(metrics.denied_browsers.value(), 1U);
}

TEST_F(AccessApiTest, ARequestOfAForeignPageIsRefusedAndSaidInTheLogWithoutItsEnd) {
    HttpRequest request = request_of(HttpMethod::Get, "/api/status");
    request.facts.origin = "https://other.example/" + std::string(10'000, 'x');

    EXPECT_EQ(ask(request).status, 403);

    EXPECT_THAT(log.text, HasSubstr("request from 127.0.0.1 to host \"localhost\", origin "
                                    "\"https://other.example/xxx"));
    EXPECT_LT(log.text.size(), 400U);
    EXPECT_EQ(metrics.denied_browsers.value(), 1U);
}

TEST_F(AccessApiTest, LatestHoldsWhatMayBeReceived) {
    use("[auth]\nanonymous = \"role:viewer\"\n[acl]\n[[acl.rule]]\nrole = \"viewer\"\n"
        "allow = [\"receive\", \"subscribe\"]\ntopics = [\"open/#\"]\n");
    fan_out({make_update("open/1", "1"), make_update("closed/1", "2")});

    EXPECT_EQ(json::parse(get("/api/latest").body)["items"].size(), 1U);
    EXPECT_EQ(get("/api/latest", {{"topic", "closed/#"}}).status, 403);
    EXPECT_EQ(metrics.filtered_browsers.value(), 1U);
}

TEST_F(AccessApiTest, MetricsAreInTheFormatOfPrometheus) {
    metrics.messages_in.add(5);
    metrics.hit(Limit::Frame, 2);

    const HttpReply reply = get("/metrics");

    EXPECT_THAT(reply.content_type, HasSubstr("text/plain; version=0.0.4"));
    EXPECT_THAT(reply.body, HasSubstr("# TYPE rtbridge_messages_in_total counter\n"
                                      "rtbridge_messages_in_total 5\n"));
    EXPECT_THAT(reply.body, HasSubstr("rtbridge_limit_hits_total{name=\"frame\"} 2\n"));
}

TEST_F(AccessApiTest, APreflightIsAnsweredToAllowedOriginsOnly) {
    config.listener.origins = {"https://app.example"};
    HttpRequest request = request_of(HttpMethod::Options, "/api/latest");
    request.facts.origin = "https://app.example";

    const HttpReply allowed = ask(request);
    EXPECT_EQ(allowed.status, 204);
    EXPECT_THAT(headers_named(allowed, "Access-Control-Allow-Methods"),
                testing::ElementsAre("GET, HEAD"));
    EXPECT_THAT(headers_named(allowed, "Access-Control-Allow-Credentials"),
                testing::ElementsAre("true"));
    EXPECT_THAT(headers_named(allowed, "Vary"), testing::ElementsAre("Origin"));

    request.facts.origin = "https://other.example";
    EXPECT_EQ(ask(request).status, 403);
    config.listener.origins = {"*"};
    const HttpReply any = ask(request);
    EXPECT_EQ(any.status, 204);
    EXPECT_TRUE(headers_named(any, "Access-Control-Allow-Credentials").empty());
}

TEST_F(AccessApiTest, AnOriginThatNoBrowserSendsIsNotEchoed) {
    config.listener.origins = {"*"};
    HttpRequest request = request_of(HttpMethod::Get, "/api/latest");
    for (const std::string& origin : {std::string("http://a\0b", 10), std::string("http://a\x01"),
                                      std::string("http://a\x7f"), std::string("http://\xe9")}) {
        request.facts.origin = origin;
        const HttpReply reply = ask(request);
        EXPECT_TRUE(headers_named(reply, "Access-Control-Allow-Origin").empty()) << origin;
    }
    request.facts.origin = "http://a";
    EXPECT_THAT(headers_named(ask(request), "Access-Control-Allow-Origin"),
                testing::ElementsAre("http://a"));
}

TEST_F(AccessApiTest, OnlyRoutesThatTakeABodyHaveOneRead) {
    EXPECT_FALSE(body_bytes_max(request_of(HttpMethod::Post, "/api/status"), context()));
    EXPECT_FALSE(body_bytes_max(request_of(HttpMethod::Post, "/nowhere"), context()));
    EXPECT_TRUE(body_bytes_max(request_of(HttpMethod::Post, "/api/login"), context()));
    config.limits.body_bytes = 200;
    EXPECT_EQ(body_bytes_max(request_of(HttpMethod::Post, "/api/login"), context()), 200U);
}

}  // namespace
}  // namespace rtbridge
