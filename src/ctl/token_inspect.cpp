#include "ctl/token_inspect.h"

#include <iomanip>
#include <iostream>
#include <optional>
#include <vector>

#include "access/token.h"
#include "access/token_verifier.h"
#include "base/log.h"
#include "configuration.h"

namespace rtbridge {
namespace {

constexpr int name_width = 18;

// Other than ASCII is escaped: a terminal must not act on what a token says.
std::string printed(const nlohmann::json& json) {
    return json.dump(2, ' ', /*ensure_ascii=*/true);
}

void print_check(const TokenCheck& check, std::ostream& out) {
    out << "  " << std::left << std::setw(name_width) << check.name;
    if (check.passed) {
        out << "ok\n";
    } else {
        out << "FAILED: " << escape_control(check.reason) << "\n";
    }
}

void print_checks(const Token& token, const JwtConfig& issuer, std::int64_t now_unix_s,
                  std::ostream& out) {
    out << "[[auth.jwt]] at " << issuer.place.file << ":" << issuer.place.line << "\n";
    const Result<KeyFile, std::string> keys = read_key_file(issuer);
    if (!keys.ok()) {
        out << "  " << escape_control(keys.error()) << "\n";
        return;
    }
    std::vector<TokenCheck> checks;
    const Login login = verify_token(token, issuer, keys.value().keys, now_unix_s, checks);
    for (const TokenCheck& check : checks) print_check(check, out);
    if (!login.ok()) out << "  (what comes after it was not checked)\n";
}

void print_identity(const Identity& identity, std::int64_t now_unix_s, std::ostream& out) {
    out << "valid: user " << escape_control(identity.user) << ", roles";
    if (identity.roles.empty()) out << " none";
    for (const std::string& role : identity.roles) out << " " << escape_control(role);
    out << ", for " << identity.expires_unix_s.value_or(now_unix_s) - now_unix_s << " s more\n";
}

}  // namespace

int inspect_token(const std::string& config_file, std::string_view text, std::int64_t now_unix_s,
                  std::ostream& out, std::ostream& err) {
    Diagnostics diagnostics;
    const std::optional<Configuration> loaded = load_configuration(config_file, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.sorted()) err << to_text(diagnostic);
    if (!loaded) return 1;
    if (!loaded->access->authenticator->takes_tokens()) {
        err << "rtbridgectl: " << config_file << " has no [[auth.jwt]]\n";
        return 1;
    }
    const Result<Token, std::string> token = parse_token(text);
    if (!token.ok()) {
        out << "invalid: " << token.error() << "\n";
        return 1;
    }
    out << "header " << printed(token.value().header) << "\n";
    out << "claims " << printed(token.value().claims) << "\n";
    for (const JwtConfig& issuer : loaded->config.auth->jwt) {
        print_checks(token.value(), issuer, now_unix_s, out);
    }
    const Login login = loaded->access->authenticator->by_token(text, now_unix_s);
    if (!login.ok()) {
        out << "invalid: " << escape_control(login.error().reason) << "\n";
        return 1;
    }
    print_identity(login.value(), now_unix_s, out);
    return 0;
}

}  // namespace rtbridge
