// `rtbridgectl token`: what mint makes, inspect takes, and so does the plugin.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "access/token.h"
#include "ctl/token_inspect.h"
#include "ctl/token_mint.h"
#include "unit/access/private_folder.h"
#include "unit/access/token_mint.h"

namespace rtbridge {
namespace {

using testing::HasSubstr;

constexpr std::int64_t now = 1'700'000'000;
const std::string secret = "0123456789abcdef0123456789abcdef\n";

std::string config_text(const std::string& algorithm) {
    return "[auth]\n[[auth.role]]\nuser = \"an*\"\nrole = \"staff\"\n[[auth.jwt]]\nissuer = "
           "\"https://id.example\"\naudience = \"rtbridge\"\nalgorithms = [\"" +
           algorithm + "\"]\nkeys_file = \"key\"\nuser_claim = \"name\"\nrole_claim = \"groups\"\n";
}

struct Inspection {
    int code;
    std::string out, err;
};

Inspection inspect(const std::string& config, const std::string& token, std::int64_t at = now) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = inspect_token(config, token, at, out, err);
    return {code, out.str(), err.str()};
}

// A token of `user`, or why there is none.
std::string mint(const MintRequest& request) {
    const Result<std::string, std::string> token = mint_token(request, now);
    return token.ok() ? token.value() : token.error();
}

TEST(TokenMint, TakesFromTheConfigurationWhatItSays) {
    const PrivateFolder folder;
    folder.write("key", secret);
    const std::string config = folder.write("rtbridge.toml", config_text("HS384"));

    const std::string token =
        mint({.config_file = config,
              .user = "anna",
              .roles = {"a", "b"},
              .claims = {{"site", "north"}, {"floor", "2"}, {"tags", "[\"x\"]"}},
              .expires_in = std::chrono::minutes(2)});

    const Result<Token, std::string> parsed = parse_token(token);
    ASSERT_TRUE(parsed.ok()) << token;
    EXPECT_EQ(parsed.value().header.dump(), R"({"alg":"HS384","typ":"JWT"})");
    EXPECT_EQ(parsed.value().claims.dump(),
              R"({"aud":"rtbridge","exp":1700000120,"floor":2,"groups":["a","b"],)"
              R"("iat":1700000000,"iss":"https://id.example","name":"anna","site":"north",)"
              R"("tags":["x"]})");
    const Inspection inspection = inspect(config, token);
    EXPECT_EQ(inspection.code, 0) << inspection.out << inspection.err;
    EXPECT_THAT(inspection.out, HasSubstr("valid: user anna, roles a b staff, for 150 s more\n"));
}

TEST(TokenMint, SignsWithAPrivateKeyOfEachKind) {
    const PrivateFolder folder;
    const struct {
        std::string algorithm;
        EvpKey key;
    } cases[] = {{"RS256", make_rsa_key()},
                 {"PS512", make_rsa_key()},
                 {"ES256", make_ec_key("P-256")},
                 {"ES384", make_ec_key("P-384")},
                 {"ES512", make_ec_key("P-521")}};
    for (const auto& c : cases) {
        folder.write("key", public_pem(c.key));
        const std::string config = folder.write("rtbridge.toml", config_text(c.algorithm));
        const std::string key_file = folder.write("private.pem", private_pem(c.key));

        const std::string token =
            mint({.config_file = config, .key_file = key_file, .user = "anna"});

        EXPECT_EQ(inspect(config, token).code, 0) << c.algorithm << " " << token;
    }
}

TEST(TokenMint, NamesTheKeyOfAKeySet) {
    const PrivateFolder folder;
    const std::string key_file = folder.write(
        "key", R"({"kty":"oct","kid":"k7","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"})");

    const Result<Token, std::string> token =
        parse_token(mint({.key_file = key_file, .user = "anna"}));

    ASSERT_TRUE(token.ok());
    EXPECT_EQ(token.value().header.at("kid"), "k7");
}

TEST(TokenMint, SaysWhatIsMissing) {
    const PrivateFolder folder;
    const std::string key = folder.write("key", secret);
    const std::string config = folder.write("hs.toml", config_text("HS256"));
    const std::string open = folder.write("open.toml", "[auth]\n");
    const std::string pem = folder.write("public.pem", public_pem(make_ec_key("P-256")));
    const struct {
        MintRequest request;
        std::string mistake;
    } cases[] = {
        {{.key_file = key}, "the user must not be empty or have control characters"},
        {{.user = "a"}, "there is no key; name one by --key or --config"},
        {{.config_file = open, .user = "a"}, open + " has no [[auth.jwt]]"},
        {{.config_file = config, .user = "a", .issuer = "x"},
         config + " has no [[auth.jwt]] with issuer \"x\""},
        {{.config_file = folder.path("none"), .user = "a"},
         folder.path("none") + ": error: cannot read the file: No such file or directory"},
        {{.key_file = key, .algorithm = "RS256", .user = "a"}, "the key cannot be used with RS256"},
        {{.key_file = key, .algorithm = "none", .user = "a"},
         "the algorithm \"none\" is not known; HS256, RS256 and ES256 are some that are"},
        {{.key_file = key, .user = "a", .claims = {{"sub", "b"}}},
         "the claim \"sub\" is given twice, or set by an option"},
        {{.key_file = pem, .user = "a"},
         pem + ": there is no private key in it that can be read without passphrase"},
    };
    for (const auto& c : cases) EXPECT_EQ(mint(c.request), c.mistake);
}

TEST(TokenInspect, TellsCheckByCheckWhichFails) {
    const PrivateFolder folder;
    folder.write("key", secret);
    const std::string config = folder.write("rtbridge.toml", config_text("HS256"));
    const std::string token = mint({.config_file = config, .user = "anna"});

    const Inspection late = inspect(config, token, now + 3630);

    EXPECT_EQ(late.code, 1);
    EXPECT_THAT(late.out, HasSubstr("claims {\n  \"aud\": \"rtbridge\",\n"));
    EXPECT_THAT(late.out, HasSubstr("[[auth.jwt]] at " + config +
                                    ":5\n"
                                    "  issuer            ok\n"
                                    "  algorithm         ok\n"
                                    "  critical headers  ok\n"
                                    "  key               ok\n"
                                    "  signature         ok\n"
                                    "  expiry            FAILED: the token has expired (exp)\n"
                                    "  (what comes after it was not checked)\n"
                                    "invalid: the token has expired (exp)\n"));
}

TEST(TokenInspect, LetsATokenNotWriteToTheTerminal) {
    const PrivateFolder folder;
    folder.write("key", secret);
    const std::string config = folder.write("rtbridge.toml", config_text("HS256"));

    const Inspection inspection =
        inspect(config, sign_hmac(R"({"alg":"\u001b[31m"})", R"({"x":"\u009b31m"})", "x"));

    EXPECT_EQ(inspection.code, 1);
    EXPECT_EQ(inspection.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(inspection.out.find('\xc2'), std::string::npos);
}

TEST(TokenInspect, RefusesWhatIsNoToken) {
    const PrivateFolder folder;
    folder.write("key", secret);
    const std::string config = folder.write("rtbridge.toml", config_text("HS256"));
    const std::string open = folder.write("open.toml", "");

    const Inspection inspection = inspect(config, "x");
    EXPECT_EQ(inspection.code, 1);
    EXPECT_EQ(inspection.out, "invalid: it does not have three parts\n");
    EXPECT_EQ(inspect(open, "x").err, "rtbridgectl: " + open + " has no [[auth.jwt]]\n");
    EXPECT_EQ(inspect(folder.path("none"), "x").code, 1);
}

}  // namespace
}  // namespace rtbridge
