// Keys and passwords from files; who has which roles. What a token may be: token_test.cpp.

#include "access/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/password_hash.h"
#include "access/visitor.h"
#include "config/config_text.h"
#include "private_folder.h"
#include "token_mint.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr std::int64_t now = 1'700'000'000;
const std::string claims = R"({"sub":"anna","exp":1700000600})";
const std::string secret = "0123456789abcdef0123456789abcdef";

AuthConfig auth_with_keys(const std::string& file, std::vector<std::string> algorithms) {
    AuthConfig auth;
    JwtConfig jwt;
    jwt.keys_file = {file, {"main.toml", 3, 4}};
    jwt.algorithms = std::move(algorithms);
    auth.jwt.push_back(std::move(jwt));
    return auth;
}

AuthConfig auth_with_passwords(const std::string& file) {
    AuthConfig auth;
    auth.passwords_file = {file, {"main.toml", 5, 6}};
    return auth;
}

Config config_of(AuthConfig auth) {
    Config config;
    config.auth = std::move(auth);
    return config;
}

std::shared_ptr<const Authenticator> create(AuthConfig auth) {
    Diagnostics diagnostics;
    auto authenticator = Authenticator::create(config_of(std::move(auth)), diagnostics);
    EXPECT_EQ(to_test_text(diagnostics), "");
    return authenticator;
}

// What is wrong; the folder's name is left out.
std::string mistakes(const PrivateFolder& folder, const Config& config) {
    Diagnostics diagnostics;
    const auto authenticator = Authenticator::create(config, diagnostics);
    EXPECT_EQ(authenticator == nullptr, diagnostics.has_errors());
    std::string text = to_test_text(diagnostics);
    const std::string prefix = folder.path("");
    for (std::size_t at = 0; (at = text.find(prefix)) != std::string::npos;) {
        text.erase(at, prefix.size());
    }
    return text;
}

TEST(KeyFile, HoldsPublicKeysOrCertificatesInPem) {
    const PrivateFolder folder;
    const EvpKey rsa = make_rsa_key();
    const EvpKey ec = make_ec_key("P-256");
    const std::string file =
        folder.write("keys.pem", "a note\n" + certificate_pem(rsa) + public_pem(ec), 0644);
    const auto authenticator = create(auth_with_keys(file, {"RS256", "ES256"}));

    EXPECT_TRUE(
        authenticator->by_token(sign_key(R"({"alg":"RS256"})", claims, rsa, "RS256"), now).ok());
    EXPECT_TRUE(
        authenticator->by_token(sign_key(R"({"alg":"ES256"})", claims, ec, "ES256"), now).ok());
}

TEST(KeyFile, HoldsAKeySet) {
    const PrivateFolder folder;
    const EvpKey first = make_rsa_key();
    const EvpKey second = make_rsa_key();
    const EvpKey unfit = make_rsa_key();
    const EvpKey ec = make_ec_key("P-384");
    const std::string file = folder.write(
        "jwks.json", R"({"keys":[{"kid":"one","use":"sig",)" + public_jwk(first) +
                         R"(},{"kid":"two","alg":"RS512",)" + public_jwk(second) +
                         R"(},{"kid":"enc","use":"enc",)" + public_jwk(unfit) +
                         R"(},{"kid":"ops","key_ops":["encrypt"],)" + public_jwk(unfit) +
                         R"(},{"kid":"ec","key_ops":["verify"],)" + public_jwk(ec) +
                         R"(},{"kty":"OKP","crv":"Ed25519","x":"AA"},{"kty":"?"}]})");
    const auto authenticator = create(auth_with_keys(file, {"RS256", "RS512", "ES384"}));
    const auto login = [&](const std::string& kid, const EvpKey& key,
                           const std::string& algorithm) {
        const std::string header = R"({"alg":")" + algorithm + R"(","kid":")" + kid + "\"}";
        const Login result = authenticator->by_token(sign_key(header, claims, key, algorithm), now);
        return result.ok() ? "ok" : result.error().reason;
    };

    EXPECT_EQ(login("one", first, "RS256"), "ok");
    EXPECT_EQ(login("two", second, "RS512"), "ok");
    EXPECT_EQ(login("ec", ec, "ES384"), "ok");
    EXPECT_EQ(login("one", second, "RS256"), "the signature is not by a key of the issuer");
    EXPECT_EQ(login("two", second, "RS256"), "no key has the id (kid) \"two\"");  // its alg
    EXPECT_EQ(login("enc", unfit, "RS256"), "no key has the id (kid) \"enc\"");
    EXPECT_EQ(login("ops", unfit, "RS256"), "no key has the id (kid) \"ops\"");
    EXPECT_EQ(login("../one", first, "RS256"), "no key has the id (kid) \"../one\"");
}

TEST(KeyFile, WithoutKeyIdInTheTokenFittingKeysAreTried) {
    const PrivateFolder folder;
    const EvpKey first = make_rsa_key();
    const EvpKey second = make_rsa_key();
    const auto authenticator = create(auth_with_keys(
        folder.write("keys.pem", public_pem(first) + public_pem(second)), {"RS256"}));

    EXPECT_TRUE(
        authenticator->by_token(sign_key(R"({"alg":"RS256"})", claims, second, "RS256"), now).ok());
}

TEST(KeyFile, ThatIsBrokenIsAMistakeInTheConfiguration) {
    const PrivateFolder folder;
    const EvpKey rsa = make_rsa_key();
    const std::string pem = public_pem(rsa);
    const std::string k32 = R"("k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY")";
    const struct {
        std::string content, mistake;
    } cases[] = {
        {"", "there is no secret in it"},
        {std::string(31, 'x') + "\n",
         "the secret has 31 bytes; make one of at least 32, like: openssl rand -hex 32"},
        {"{", "it begins like JSON and is none, or has a name twice in one object"},
        {R"({"keys":[],"keys":[]})",
         "it begins like JSON and is none, or has a name twice in one object"},
        {R"({"keys":7})", "\"keys\" is not an array"},
        {R"({"keys":[]})", "none of its keys can be used with HS256 RS256 ES256"},
        {R"({"keys":[{"kty":"oct","k":"AAAA"}]})",
         "its key number 1: the secret has 3 bytes; make one of at least 32, like: openssl rand "
         "-hex 32"},
        {R"({"keys":[{"kty":"oct","kid":7,)" + k32 + "}]}",
         "its key number 1: \"kid\" and \"alg\" must be strings"},
        {R"({"keys":[{"kty":"RSA","n":"AA"}]})", "its key number 1: the key cannot be read"},
        {R"({"keys":[{)" + public_jwk(rsa) + R"(,"d":"AA"}]})",
         "its key number 1: it is a private key, and only the public one is needed to verify "
         "tokens"},
        {R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})",
         "its key number 1: the key cannot be read"},
        {pem.substr(0, pem.size() / 2), "its PEM text is broken"},
        {private_pem(rsa),
         "it holds a private key, and only the public one is needed to verify tokens; write that "
         "one by: openssl pkey -in PRIVATE -pubout"},
        {public_pem(make_rsa_key(1024)), "the RSA key has 1024 bits; use one of 2048 to 16384"},
        {public_pem(make_ec_key("secp256k1")),
         "the elliptic curve secp256k1 is not used by tokens; use P-256, P-384 or P-521"},
        {public_pem(make_ed25519_key()),
         "the key is for EdDSA, which cjose cannot verify; use RSA, P-256, P-384 or P-521"},
        {public_pem(make_ec_key("P-384")), "none of its keys can be used with HS256 RS256 ES256"},
    };
    for (const auto& c : cases) {
        const std::string file = folder.write("key", c.content);
        // A mixture that the configuration reader refuses; here it spares a column of the table.
        const Config config = config_of(auth_with_keys(file, {"HS256", "RS256", "ES256"}));
        EXPECT_EQ(mistakes(folder, config), "3:4: error: keys_file \"key\": " + c.mistake + "\n");
    }
    EXPECT_EQ(mistakes(folder, config_of(auth_with_keys(folder.path("none"), {"HS256"}))),
              "3:4: error: keys_file \"none\": cannot read the file: No such file or directory\n");
}

TEST(KeyFile, ThatOthersCanReadIsRemarkedWhereItHoldsASecret) {
    const PrivateFolder folder;
    const std::string file = folder.write("key", secret, 0644);
    const std::string group = folder.write("group", secret, 0640);

    EXPECT_EQ(mistakes(folder, config_of(auth_with_keys(file, {"HS256"}))),
              "3:4: warning: keys_file \"key\" holds a secret that every user of the system can "
              "read; chmod o-r it\n");
    EXPECT_EQ(mistakes(folder, config_of(auth_with_keys(group, {"HS256"}))), "");
}

// A key set with one key, and a token that it verifies.
struct Rotation {
    EvpKey key = make_ec_key("P-256");
    [[nodiscard]] std::string jwks(const std::string& kid) const {
        return R"({"keys":[{"kid":")" + kid + "\"," + public_jwk(key) + "}]}";
    }
    [[nodiscard]] std::string token(const std::string& kid) const {
        return sign_key(R"({"alg":"ES256","kid":")" + kid + "\"}", claims, key, "ES256");
    }
};

TEST(KeyRefresh, FindsAKeyThatWasAddedToTheFile) {
    const PrivateFolder folder;
    const Rotation old_key;
    const Rotation new_key;
    const std::string file = folder.write("jwks.json", old_key.jwks("old"));
    const auto authenticator = create(auth_with_keys(file, {"ES256"}));
    EXPECT_FALSE(authenticator->keys_refresh_due(now));
    folder.write("jwks.json", new_key.jwks("new"));

    const Login before = authenticator->by_token(new_key.token("new"), now);
    ASSERT_FALSE(before.ok());
    EXPECT_EQ(before.error().error, LoginError::UnknownKey);
    EXPECT_TRUE(authenticator->keys_refresh_due(now));
    EXPECT_EQ(authenticator->refresh_keys(now), std::nullopt);

    EXPECT_TRUE(authenticator->by_token(new_key.token("new"), now).ok());
    EXPECT_FALSE(authenticator->by_token(old_key.token("old"), now).ok());
}

TEST(KeyRefresh, ComesAtMostEveryTenSeconds) {
    const PrivateFolder folder;
    const Rotation key;
    const auto authenticator =
        create(auth_with_keys(folder.write("jwks.json", key.jwks("a")), {"ES256"}));
    (void)authenticator->by_token(key.token("b"), now);
    EXPECT_EQ(authenticator->refresh_keys(now), std::nullopt);
    EXPECT_FALSE(authenticator->keys_refresh_due(now + 60));  // nobody asked since

    (void)authenticator->by_token(key.token("b"), now);
    EXPECT_FALSE(authenticator->keys_refresh_due(now + 9));
    folder.write("jwks.json", key.jwks("b"));
    EXPECT_EQ(authenticator->refresh_keys(now + 9), std::nullopt);
    EXPECT_FALSE(authenticator->by_token(key.token("b"), now).ok());

    EXPECT_TRUE(authenticator->keys_refresh_due(now + 10));
    EXPECT_EQ(authenticator->refresh_keys(now + 10), std::nullopt);
    EXPECT_TRUE(authenticator->by_token(key.token("b"), now).ok());
}

TEST(KeyRefresh, KeepsTheOldKeysWhereTheFileIsBrokenNow) {
    const PrivateFolder folder;
    const Rotation key;
    const std::string file = folder.write("jwks.json", key.jwks("a"));
    const auto authenticator = create(auth_with_keys(file, {"ES256"}));
    folder.write("jwks.json", "{");
    (void)authenticator->by_token(key.token("b"), now);

    const std::optional<std::string> problem = authenticator->refresh_keys(now);

    EXPECT_EQ(problem, "keys_file \"" + file +
                           "\": it begins like JSON and is none, or has a name twice in one "
                           "object; its former keys stay in use");
    EXPECT_TRUE(authenticator->by_token(key.token("a"), now).ok());
}

std::string pbkdf2_line(const std::string& user, const std::string& password,
                        std::uint32_t rounds = 100) {
    return user + ":" + PasswordHash::pbkdf2(password, rounds)->text() + "\n";
}

TEST(PasswordLogin, ProvesAUserOfTheFile) {
    const PrivateFolder folder;
    AuthConfig auth = auth_with_passwords(folder.write(
        "passwords", "# users\n\n" + pbkdf2_line("anna", "secret") + pbkdf2_line("ben", "s: $7$")));
    auth.roles = {{{"a*", {}}, "viewer"}, {{"anna", {}}, "admin"}, {{"*", {}}, "viewer"}};
    const auto authenticator = create(auth);

    const Login login = authenticator->by_password("anna", "secret");

    ASSERT_TRUE(login.ok());
    Identity expected;
    expected.user = "anna";
    expected.roles = {"admin", "viewer"};
    EXPECT_EQ(login.value(), expected);
    EXPECT_TRUE(authenticator->by_password("ben", "s: $7$").ok());
    const std::pair<std::string, std::string> refused[] = {
        {"anna", "Secret"}, {"anna", ""},      {"anna", std::string("secret\0", 7)},
        {"Anna", "secret"}, {"eve", "secret"}, {"", ""},
        {"# users", ""}};
    for (const auto& [user, password] : refused) {
        const Login bad = authenticator->by_password(user, password);
        ASSERT_FALSE(bad.ok()) << user;
        EXPECT_EQ(bad.error().error, LoginError::BadCredentials);
        EXPECT_EQ(bad.error().reason, "unknown user or wrong password");
    }
}

TEST(PasswordLogin, IsRefusedWhereItTakesLongerThanTheCallerHas) {
    const PrivateFolder folder;
    const auto authenticator = create(auth_with_passwords(
        folder.write("passwords", pbkdf2_line("a", "x", 1) + pbkdf2_line("b", "x", 200'000))));

    EXPECT_TRUE(authenticator->costlier_than(1ms));
    EXPECT_FALSE(authenticator->costlier_than(1h));
    // The cheap record of "a" makes no difference: it would tell that there is an "a".
    for (const std::string user : {"a", "b", "nobody"}) {
        const Login login = authenticator->by_password(user, "x", 1ms);
        ASSERT_FALSE(login.ok()) << user;
        EXPECT_EQ(login.error().error, LoginError::TooCostly);
    }
    EXPECT_TRUE(authenticator->by_password("b", "x").ok());
}

TEST(PasswordLogin, OfMqttClientsMustNotStopTheBroker) {
    const PrivateFolder folder;
    AuthConfig auth = auth_with_passwords(folder.write(
        "passwords", "\n" + pbkdf2_line("a", "x", 1) + pbkdf2_line("b", "x", 200'000)));
    auth.mqtt = true;

    EXPECT_THAT(mistakes(folder, config_of(auth)),
                MatchesRegex("5:6: error: passwords_file \"passwords\", line 3 \\(PBKDF2 with "
                             "200000 rounds\\): a check takes [0-9]+.[0-9] ms, during which the "
                             "broker stands still, and limits.password_time is 5 ms; .*\n"));
    Config patient = config_of(auth);
    patient.limits.password_time = 1h;
    EXPECT_EQ(mistakes(folder, patient), "");
}

TEST(PasswordLogin, RecordChangesWithThePassword) {
    const PrivateFolder folder;
    const std::string ben = pbkdf2_line("ben", "x");
    const auto before =
        create(auth_with_passwords(folder.write("passwords", ben + pbkdf2_line("anna", "old"))));
    const auto after =
        create(auth_with_passwords(folder.write("passwords", ben + pbkdf2_line("anna", "new"))));

    EXPECT_NE(before->password_record("anna"), 0U);
    EXPECT_NE(before->password_record("anna"), after->password_record("anna"));
    EXPECT_EQ(before->password_record("ben"), after->password_record("ben"));
    EXPECT_EQ(before->password_record("eve"), 0U);
}

TEST(PasswordFile, WithBrokenLinesIsAMistakeThatQuotesNothing) {
    const PrivateFolder folder;
    const std::string good = pbkdf2_line("anna", "x");
    const std::string text = good + "nocolon\n" + good + ":$6$x\nplain:hunter2\n" +
                             "r:$7$0$AAAA$AAAA\nr2:$7$99999999$AAAA$AAAA\nb:$6$AAAA$AAAA\n" +
                             "m:$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA\n" +
                             "v:$argon2id$v=16$m=8,t=1,p=1$AAAA$AAAA\n";
    const Config config = config_of(auth_with_passwords(folder.write("passwords", text)));

    EXPECT_EQ(
        mistakes(folder, config),
        "5:6: error: passwords:2: there is no ':' between user and password\n"
        "5:6: error: passwords:3: user \"anna\" stands already in line 1\n"
        "5:6: error: passwords:4: the user name is empty or has control characters\n"
        "5:6: error: passwords:5: the password is not stored as $6$, $7$ or $argon2id$; set it by "
        "rtbridgectl passwd\n"
        "5:6: error: passwords:6: the rounds of PBKDF2 are not a number from 1 to 2000000\n"
        "5:6: error: passwords:7: the rounds of PBKDF2 are not a number from 1 to 2000000\n"
        "5:6: error: passwords:8: salt or hash are broken\n"
        "5:6: error: passwords:9: the parameters of argon2id are not like m=47104,t=1,p=1 with at "
        "most m=262144,t=16,p=16\n"
        "5:6: error: passwords:10: this version of argon2id is not known; v=19 is\n");
    EXPECT_EQ(mistakes(folder, config_of(auth_with_passwords(folder.path("none")))),
              "5:6: error: passwords_file \"none\": cannot read the file: No such file or "
              "directory\n");
    EXPECT_EQ(
        mistakes(folder, config_of(auth_with_passwords(folder.write("open", good, 0644)))),
        "5:6: warning: passwords_file \"open\" can be read by every user of the system; chmod "
        "o-r it\n");
}

TEST(Authenticator, GivesTheAnonymousRoleToNobodyElse) {
    const PrivateFolder folder;
    AuthConfig auth = auth_with_passwords(folder.write("passwords", pbkdf2_line("anna", "x")));
    auth.anonymous_role = "guest";
    auth.roles = {{{"*", {}}, "user"}};
    const auto authenticator = create(auth);

    EXPECT_EQ(authenticator->anonymous().value().roles, std::vector<std::string>{"guest"});
    EXPECT_EQ(authenticator->by_password("anna", "x").value().roles,
              std::vector<std::string>{"user"});
    EXPECT_EQ(authenticator->named("device").roles, std::vector<std::string>{"user"});
    EXPECT_TRUE(authenticator->named("").roles.empty());
}

TEST(Authenticator, AReloadTakesBackItsOwnRolesAndNotThoseOfTheToken) {
    const PrivateFolder folder;
    AuthConfig auth = auth_with_keys(folder.write("key", secret), {"HS256"});
    const auto without = create(auth);
    auth.roles.push_back({{"anna", {}}, "operator"});
    const auto with = create(auth);
    const std::string viewer = R"({"sub":"anna","exp":1700000600,"roles":["viewer"]})";
    const Login login = with->by_token(sign_hmac(R"({"alg":"HS256"})", viewer, secret), now);
    ASSERT_TRUE(login.ok());
    EXPECT_THAT(login.value().roles, testing::ElementsAre("operator", "viewer"));

    const std::optional<Visitor> after = renewed({login.value(), 0}, *without);
    ASSERT_TRUE(after);
    EXPECT_THAT(after->identity.roles, testing::ElementsAre("viewer"));
    EXPECT_EQ(after->identity.expires_unix_s, login.value().expires_unix_s);
    EXPECT_EQ(renewed(*after, *with)->identity, login.value());
}

TEST(Authenticator, RefusesAnonymousPeopleUnlessTheyAreNamed) {
    EXPECT_FALSE(create(AuthConfig{})->anonymous());
}

TEST(Authenticator, WithoutAuthRefusesNobody) {
    Diagnostics diagnostics;
    const auto authenticator = Authenticator::create(Config(), diagnostics);

    EXPECT_EQ(authenticator->anonymous(), Identity());
    EXPECT_FALSE(authenticator->takes_passwords());
    EXPECT_FALSE(authenticator->costlier_than(0ms));
    EXPECT_EQ(authenticator->by_password("a", "b").error().error, LoginError::NotInUse);
    EXPECT_EQ(authenticator->named("anna").user, "anna");
}

}  // namespace
}  // namespace rtbridge
