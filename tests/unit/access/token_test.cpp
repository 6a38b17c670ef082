// What a token may and may not be. The attacks are those of RFC 8725 and of the lists of known
// mistakes of JWT libraries.

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <functional>
#include <vector>

#include "access/authenticator.h"
#include "access/base64.h"
#include "config/config_text.h"
#include "private_folder.h"
#include "token_mint.h"

namespace rtbridge {
namespace {

constexpr std::int64_t now = 1'700'000'000;
const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string hs256 = R"({"alg":"HS256","typ":"JWT"})";

// Valid claims with more of them, or with others.
std::string claims(const std::string& more = "") {
    return R"({"sub":"anna","exp":1700000600)" + (more.empty() ? "" : "," + more) + "}";
}

JwtConfig issuer_of(const std::string& keys_file, std::vector<std::string> algorithms) {
    JwtConfig jwt;
    jwt.keys_file.value = keys_file;
    jwt.algorithms = std::move(algorithms);
    return jwt;
}

std::shared_ptr<const Authenticator> authenticator_of(std::vector<JwtConfig> issuers) {
    Config config;
    config.auth.emplace().jwt = std::move(issuers);
    Diagnostics diagnostics;
    auto authenticator = Authenticator::create(config, diagnostics);
    EXPECT_EQ(to_test_text(diagnostics), "");
    return authenticator;
}

// "ok", or why not.
std::string outcome(const Login& login) {
    return login.ok() ? "ok" : login.error().reason;
}

TEST(Token, OfASharedSecretProvesItsUser) {
    const PrivateFolder folder;
    const auto authenticator =
        authenticator_of({issuer_of(folder.write("key", secret + "\n"), {"HS256"})});
    const std::string token = sign_hmac(
        hs256,
        claims(R"("roles":["viewer","admin","viewer"],"site":"north","floor":2,"x":1.5,"vip":true,)"
               R"("list":[1],"object":{"a":1},"nothing":null)"),
        secret);

    const Login login = authenticator->by_token(token, now);

    ASSERT_TRUE(login.ok()) << login.error().reason;
    Identity expected;
    expected.user = "anna";
    expected.roles = {"admin", "viewer"};
    expected.token_roles = expected.roles;
    expected.claims = {{"sub", "anna"}, {"exp", "1700000600"}, {"site", "north"},
                       {"floor", "2"},  {"x", "1.5"},          {"vip", "true"}};
    expected.expires_unix_s = 1'700'000'630;  // with the leeway
    EXPECT_EQ(login.value(), expected);
}

TEST(Token, OfEachAlgorithmIsVerified) {
    const PrivateFolder folder;
    const EvpKey rsa = make_rsa_key();
    const EvpKey p256 = make_ec_key("P-256");
    const EvpKey p384 = make_ec_key("P-384");
    const EvpKey p521 = make_ec_key("P-521");
    const struct {
        std::string algorithm;
        const EvpKey* key;
    } cases[] = {{"RS256", &rsa},  {"RS384", &rsa},  {"RS512", &rsa},
                 {"PS256", &rsa},  {"PS384", &rsa},  {"PS512", &rsa},
                 {"ES256", &p256}, {"ES384", &p384}, {"ES512", &p521}};
    for (const auto& c : cases) {
        const auto authenticator =
            authenticator_of({issuer_of(folder.write("key", public_pem(*c.key)), {c.algorithm})});
        const std::string header = R"({"alg":")" + c.algorithm + "\"}";
        const std::string token = sign_key(header, claims(), *c.key, c.algorithm);
        std::string other = sign_key(header, claims(R"("sub2":1)"), *c.key, c.algorithm);
        other = token.substr(0, token.rfind('.')) + other.substr(other.rfind('.'));

        EXPECT_EQ(outcome(authenticator->by_token(token, now)), "ok") << c.algorithm;
        EXPECT_EQ(outcome(authenticator->by_token(other, now)),
                  "the signature is not by a key of the issuer")
            << c.algorithm;
    }
    for (const std::string algorithm : {"HS256", "HS384", "HS512"}) {
        const auto authenticator =
            authenticator_of({issuer_of(folder.write("key", secret), {algorithm})});
        const std::string header = R"({"alg":")" + algorithm + "\"}";
        EXPECT_EQ(
            outcome(authenticator->by_token(sign_hmac(header, claims(), secret, algorithm), now)),
            "ok")
            << algorithm;
    }
}

TEST(Token, WithABadFormIsRefused) {
    const PrivateFolder folder;
    const auto authenticator =
        authenticator_of({issuer_of(folder.write("key", secret), {"HS256"})});
    const std::string good = sign_hmac(hs256, claims(), secret);
    const std::string unsigned_part = good.substr(0, good.rfind('.') + 1);
    const std::string deep(20, '[');
    const struct {
        std::string what, token, reason;
    } cases[] = {
        {"nothing", "", "it does not have three parts"},
        {"two parts", good.substr(0, good.rfind('.')), "it does not have three parts"},
        {"four parts", good + ".x", "it does not have three parts"},
        {"empty signature", unsigned_part, "it is not signed"},
        {"padding", good + "=", "a part of it is not base64url"},
        {"blank", good + " ", "a part of it is not base64url"},
        {"standard base64", unsigned_part + "ab+/", "a part of it is not base64url"},
        {"odd length", unsigned_part + "abcde", "a part of it is not base64url"},
        {"too long", sign_hmac(hs256, claims("\"x\":\"" + std::string(8192, 'x') + "\""), secret),
         "it is longer than 8 KiB"},
        {"duplicate claim", sign_hmac(hs256, claims(R"("sub":"root")"), secret),
         "its claims are no JSON object, or have a name twice"},
        {"duplicate claim, nested", sign_hmac(hs256, claims(R"("a":{"b":1,"b":2})"), secret),
         "its claims are no JSON object, or have a name twice"},
        {"duplicate claim, escaped", sign_hmac(hs256, claims(R"("\u0073ub":"root")"), secret),
         "its claims are no JSON object, or have a name twice"},
        {"duplicate alg", sign_hmac(R"({"alg":"HS256","alg":"none"})", claims(), secret),
         "its header is no JSON object, or has a name twice"},
        {"deep", sign_hmac(hs256, claims("\"x\":" + deep + std::string(20, ']')), secret),
         "its claims are no JSON object, or have a name twice"},
        {"not JSON", sign_hmac(hs256, "anna", secret),
         "its claims are no JSON object, or have a name twice"},
        {"an array", sign_hmac(hs256, "[]", secret),
         "its claims are no JSON object, or have a name twice"},
        {"no UTF-8", sign_hmac(hs256, claims("\"x\":\"\xFF\""), secret),
         "its claims are no JSON object, or have a name twice"},
        {"header no JSON", sign_hmac("x", claims(), secret),
         "its header is no JSON object, or has a name twice"},
    };
    for (const auto& c : cases) {
        const Login login = authenticator->by_token(c.token, now);

        EXPECT_EQ(outcome(login), c.reason) << c.what;
        ASSERT_FALSE(login.ok()) << c.what;
        EXPECT_EQ(login.error().error, LoginError::BadToken) << c.what;
    }
}

TEST(Token, ChoosesAmongConfiguredAlgorithmsOnly) {
    const PrivateFolder folder;
    const EvpKey rsa = make_rsa_key();
    const EvpKey ec = make_ec_key("P-256");
    const std::string rsa_pem = public_pem(rsa);
    const std::string ec_pem = public_pem(ec);
    const auto by_secret = authenticator_of({issuer_of(folder.write("s", secret), {"HS256"})});
    const auto by_rsa = authenticator_of({issuer_of(folder.write("r", rsa_pem), {"RS256"})});
    const auto by_ec = authenticator_of({issuer_of(folder.write("e", ec_pem), {"ES256"})});
    const auto header = [](const std::string& algorithm) {
        return R"({"alg":")" + algorithm + "\"}";
    };
    const auto not_listed = [](const std::string& algorithm) {
        return "the algorithm \"" + algorithm + "\" is not among `algorithms`";
    };
    const std::string wrong = "the signature is not by a key of the issuer";
    const std::string zeros = encode_base64url(std::string(64, '\0'));
    const std::string ec_token = sign_key(header("ES256"), claims(), ec, "ES256");
    const std::string ec_signature =
        decode_base64url(ec_token.substr(ec_token.rfind('.') + 1)).value();
    const struct {
        const Authenticator& authenticator;
        std::string token, reason;
    } cases[] = {
        {*by_secret, sign_hmac(header("none"), claims(), secret), not_listed("none")},
        {*by_secret, sign_hmac(header("None"), claims(), secret), not_listed("None")},
        {*by_secret, sign_hmac(header("nONE"), claims(), secret), not_listed("nONE")},
        {*by_secret, sign_hmac(header("hs256"), claims(), secret), not_listed("hs256")},
        {*by_secret, sign_hmac(header("HS384"), claims(), secret, "HS384"), not_listed("HS384")},
        {*by_secret, sign_hmac(header("HS256"), claims(), secret, "HS384"), wrong},
        {*by_secret, sign_hmac(header("HS256"), claims(), secret + "x"), wrong},
        {*by_secret, sign_hmac("{}", claims(), secret), "the header names no algorithm (alg)"},
        {*by_secret, sign_hmac(R"({"alg":["HS256"]})", claims(), secret),
         "the header names no algorithm (alg)"},
        // Key confusion: everyone knows the public key, so it must never serve as a secret.
        {*by_rsa, sign_hmac(header("HS256"), claims(), rsa_pem), not_listed("HS256")},
        {*by_rsa, sign_hmac(header("RS256"), claims(), rsa_pem), wrong},
        {*by_rsa, sign_key(header("ES256"), claims(), ec, "ES256"), not_listed("ES256")},
        {*by_rsa, sign_key(header("RS512"), claims(), rsa, "RS512"), not_listed("RS512")},
        {*by_rsa, sign_key(header("RS256"), claims(), make_rsa_key(), "RS256"), wrong},
        {*by_rsa, sign_key(header("RS256"), claims(), rsa, "PS256"), wrong},
        {*by_ec, ec_token, "ok"},
        {*by_ec, signing_input(header("ES256"), claims()) + "." + zeros, wrong},
        {*by_ec,
         signing_input(header("ES256"), claims()) + "." + encode_base64url(ec_signature + "x"),
         wrong},
        {*by_ec, sign_key(header("ES256"), claims(), make_ec_key("P-256"), "ES256"), wrong},
    };
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        EXPECT_EQ(outcome(cases[i].authenticator.by_token(cases[i].token, now)), cases[i].reason)
            << "case " << i;
    }
}

TEST(Token, BringsNoKeysAndDemandsNothing) {
    const PrivateFolder folder;
    const auto authenticator =
        authenticator_of({issuer_of(folder.write("key", secret), {"HS256"})});
    const EvpKey own = make_rsa_key();
    const std::string attacker = "attackerattackerattackerattacker";
    const std::string jwk = R"("jwk":{"kty":"oct","k":")" + encode_base64url(attacker) + "\"}";
    const std::string wrong = "the signature is not by a key of the issuer";
    const struct {
        std::string header, key, reason;
    } cases[] = {
        {R"({"alg":"HS256",)" + jwk + "}", attacker, wrong},
        {R"({"alg":"HS256","jku":"https://evil.example/keys"})", attacker, wrong},
        {R"({"alg":"HS256","x5u":"https://evil.example/keys"})", attacker, wrong},
        {R"({"alg":"HS256","x5c":["AAAA"]})", attacker, wrong},
        // With the right key they do no harm either.
        {R"({"alg":"HS256",)" + jwk + "}", secret, "ok"},
        {R"({"alg":"HS256","crit":["b64"],"b64":true})", secret,
         "the header demands extensions (crit)"},
        {R"({"alg":"HS256","crit":[]})", secret, "the header demands extensions (crit)"},
        // A key id is a text to compare and no file, no query.
        {R"({"alg":"HS256","kid":"../../../../dev/null"})", secret, "ok"},
        {R"({"alg":"HS256","kid":"x' UNION SELECT 'y"})", attacker, wrong},
        {R"({"alg":"HS256","kid":7})", secret, "the key id (kid) is not a string"},
        {R"({"alg":"HS256","kid":null})", secret, "the key id (kid) is not a string"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(outcome(authenticator->by_token(sign_hmac(c.header, claims(), c.key), now)),
                  c.reason)
            << c.header;
    }
}

TEST(Token, HasItsTime) {
    const PrivateFolder folder;
    const auto authenticator =
        authenticator_of({issuer_of(folder.write("key", secret), {"HS256"})});
    const std::string no_time = "exp is not a time";
    const struct {
        std::string claims, reason;
    } cases[] = {
        {R"("exp":1700000001)", "ok"},
        {R"("exp":1699999971)", "ok"},  // within the leeway of 30 s
        {R"("exp":1699999970)", "the token has expired (exp)"},
        {R"("exp":0)", "the token has expired (exp)"},
        {R"("exp":1.7000001e9)", "ok"},
        {R"("iat":1700000000)", "the token never expires (no exp)"},
        {R"("exp":"1700000600")", no_time},
        {R"("exp":null)", no_time},
        {R"("exp":-1)", no_time},
        {R"("exp":1e300)", no_time},
        {R"("exp":99999999999999999999999)", no_time},
        {R"("exp":18446744073709551615)", no_time},
        {R"("exp":1700000600,"nbf":1700000030)", "ok"},
        {R"("exp":1700000600,"nbf":1700000031)", "the token is not valid yet (nbf)"},
        {R"("exp":1700000600,"nbf":"1")", "nbf is not a time"},
        {R"("exp":1700000600,"iat":1700000030)", "ok"},
        {R"("exp":1700000600,"iat":1700000031)", "the token was issued in the future (iat)"},
        {R"("exp":1700000600,"iat":true)", "iat is not a time"},
    };
    for (const auto& c : cases) {
        const std::string token = sign_hmac(hs256, R"({"sub":"anna",)" + c.claims + "}", secret);

        const Login login = authenticator->by_token(token, now);

        EXPECT_EQ(outcome(login), c.reason) << c.claims;
        if (login.ok()) continue;
        EXPECT_EQ(login.error().error, c.reason.find("expired") != std::string::npos
                                           ? LoginError::TokenExpired
                                           : LoginError::BadToken)
            << c.claims;
    }
}

TEST(Token, ThatIsNotSignedByTheIssuerTellsNothingAboutItsClaims) {
    const PrivateFolder folder;
    const auto authenticator =
        authenticator_of({issuer_of(folder.write("key", secret), {"HS256"})});

    const Login login = authenticator->by_token(
        sign_hmac(hs256, R"({"sub":"","exp":1,"aud":"x"})", std::string(32, 'x')), now);

    ASSERT_FALSE(login.ok());
    EXPECT_EQ(login.error().error, LoginError::BadToken);
    EXPECT_EQ(login.error().reason, "the signature is not by a key of the issuer");
}

TEST(Token, IsForTheAudience) {
    const PrivateFolder folder;
    JwtConfig jwt = issuer_of(folder.write("key", secret), {"HS256"});
    jwt.audience = "rtbridge";
    const auto authenticator = authenticator_of({jwt});
    const struct {
        std::string more, reason;
    } cases[] = {
        {R"("aud":"rtbridge")", "ok"},
        {R"("aud":["other","rtbridge"])", "ok"},
        {R"("aud":"other")", R"(the audience (aud) is "other")"},
        {R"("aud":"rtbridge2")", R"(the audience (aud) is "rtbridge2")"},
        {R"("aud":[])", "the audience (aud) is \"[]\""},
        {R"("aud":{"rtbridge":"rtbridge"})", ""},
        {R"("aud":[["rtbridge"]])", ""},
        {"", "the token names no audience (aud)"},
    };
    for (const auto& c : cases) {
        const std::string got =
            outcome(authenticator->by_token(sign_hmac(hs256, claims(c.more), secret), now));
        if (c.reason.empty()) {
            EXPECT_NE(got, "ok") << c.more;
        } else {
            EXPECT_EQ(got, c.reason) << c.more;
        }
    }
}

TEST(Token, NamesItsUserAndRolesInTheClaimsOfTheIssuer) {
    const PrivateFolder folder;
    JwtConfig jwt = issuer_of(folder.write("key", secret), {"HS256"});
    jwt.user_claim = "name";
    jwt.role_claim = "groups";
    const auto authenticator = authenticator_of({jwt});
    const std::string no_user =
        "the claim \"name\" is no name of a user: a string, not empty, without control characters";
    const std::string no_roles = "the claim \"groups\" is neither a role nor an array of roles";
    const struct {
        std::string more, reason;
    } cases[] = {
        {R"("name":"Anna K")", "ok"},
        {R"("name":"anna","groups":"admin")", "ok"},
        {R"("name":"anna","groups":[])", "ok"},
        {R"("name":"anna","groups":["a",1])", no_roles},
        {R"("name":"anna","groups":{"a":1})", no_roles},
        {R"("name":"anna","groups":"")", no_roles},
        {"", no_user},
        {R"("name":"")", no_user},
        {R"("name":["anna"])", no_user},
        {R"("name":7)", no_user},
        {R"("name":"an\nna")", no_user},
        {R"("name":"an\u0000na")", no_user},
        {R"("name":"an\u0085na")", no_user},
        {R"("name":"an\u007fna")", no_user},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(outcome(authenticator->by_token(sign_hmac(hs256, claims(c.more), secret), now)),
                  c.reason)
            << c.more;
    }
}

TEST(Token, BelongsToTheIssuerThatItNames) {
    const PrivateFolder folder;
    const std::string other_secret(32, 'o');
    JwtConfig first = issuer_of(folder.write("first", secret), {"HS256"});
    first.issuer = "https://first.example";
    JwtConfig second = issuer_of(folder.write("second", other_secret), {"HS256"});
    second.issuer = "https://second.example";
    const auto authenticator = authenticator_of({first, second});
    const std::string from_first = claims(R"("iss":"https://first.example")");
    const std::string from_second = claims(R"("iss":"https://second.example")");
    const std::string wrong = "the signature is not by a key of the issuer";

    const auto login = [&](const std::string& with_claims, const std::string& key) {
        return outcome(authenticator->by_token(sign_hmac(hs256, with_claims, key), now));
    };
    EXPECT_EQ(login(from_first, secret), "ok");
    EXPECT_EQ(login(from_second, other_secret), "ok");
    EXPECT_EQ(login(from_first, other_secret), wrong);
    EXPECT_EQ(login(from_second, secret), wrong);
    EXPECT_EQ(login(claims(), secret), "the token names no issuer (iss)");
    EXPECT_EQ(login(claims(R"("iss":["https://first.example"])"), secret),
              R"(the issuer (iss) is "["https://first.example"]")");
}

TEST(Token, OfAnyIssuerIsTakenByAnEntryWithoutOne) {
    const PrivateFolder folder;
    JwtConfig named = issuer_of(folder.write("named", std::string(32, 'n')), {"HS256"});
    named.issuer = "https://first.example";
    const auto authenticator =
        authenticator_of({named, issuer_of(folder.write("any", secret), {"HS256"})});

    for (const std::string more : {"", R"("iss":"x")", R"("iss":"https://first.example")"}) {
        EXPECT_EQ(outcome(authenticator->by_token(sign_hmac(hs256, claims(more), secret), now)),
                  "ok")
            << more;
    }
}

TEST(Token, IsNotTakenWithoutAnIssuerInTheConfiguration) {
    const auto authenticator = authenticator_of({});

    const Login login = authenticator->by_token(sign_hmac(hs256, claims(), secret), now);

    EXPECT_FALSE(authenticator->takes_tokens());
    ASSERT_FALSE(login.ok());
    EXPECT_EQ(login.error().error, LoginError::NotInUse);
}

TEST(Token, ChecksLeaveTheErrorQueueOfOpensslAsItWas) {
    const PrivateFolder folder;
    const EvpKey rsa = make_rsa_key();
    const auto authenticator =
        authenticator_of({issuer_of(folder.write("key", public_pem(rsa)), {"RS256"})});
    const std::string header = R"({"alg":"RS256"})";
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 42);

    (void)authenticator->by_token(sign_key(header, claims(), make_rsa_key(), "RS256"), now);
    (void)authenticator->by_token(sign_key(header, claims(), rsa, "RS256"), now);

    EXPECT_EQ(ERR_GET_REASON(ERR_get_error()), 42);
    EXPECT_EQ(ERR_get_error(), 0U);
}

}  // namespace
}  // namespace rtbridge
