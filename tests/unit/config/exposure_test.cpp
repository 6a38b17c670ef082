#include "config/exposure.h"

#include <gtest/gtest.h>

#include "config_text.h"

namespace rtbridge {
namespace {

std::string warnings(const Config& config) {
    Diagnostics diagnostics;
    check_clear_text(config, diagnostics);
    return to_test_text(diagnostics);
}

TEST(Exposure, SecretsInClearBeyondThisMachineAreAWarning) {
    Config exposed;
    exposed.listener.bind.host = "0.0.0.0";
    exposed.listener.bind_place = {"rtbridge.toml", 3, 1};
    exposed.auth = AuthConfig{};
    exposed.auth->passwords_file.value = "passwords";
    EXPECT_TRUE(warnings(exposed).starts_with("3:1: warning: passwords and tokens"));

    Config tokens = exposed;
    tokens.auth->passwords_file = {};
    tokens.auth->jwt.emplace_back();
    EXPECT_NE(warnings(tokens), "");

    Config quiet = exposed;
    quiet.listener.bind.host = "127.0.0.1";
    EXPECT_EQ(warnings(quiet), "");

    quiet = exposed;
    quiet.listener.tls.cert_file.value = "cert.pem";
    EXPECT_EQ(warnings(quiet), "");

    quiet = exposed;
    quiet.listener.trusted_proxies = {*AddressRange::parse("192.0.2.1")};
    EXPECT_EQ(warnings(quiet), "");

    quiet = exposed;
    quiet.auth = AuthConfig{.anonymous_role = "viewer"};  // nothing secret is sent
    EXPECT_EQ(warnings(quiet), "");
    quiet.auth.reset();
    EXPECT_EQ(warnings(quiet), "");
}

}  // namespace
}  // namespace rtbridge
