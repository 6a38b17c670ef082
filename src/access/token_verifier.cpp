#include "access/token_verifier.h"

#include <cjose/header.h>
#include <cjose/jws.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "access/openssl_errors.h"
#include "access/printable.h"
#include "base/free_with.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

using nlohmann::json;

// So many keys are tried where the token names none: each try costs as much as a signature check.
constexpr std::size_t tried_keys_max = 8;
constexpr double time_max = 9'007'199'254'740'992;  // 2^53: what a double holds exactly

using Failed = std::optional<LoginFailure>;

Failed bad_token(std::string reason) {
    return LoginFailure{LoginError::BadToken, std::move(reason)};
}

struct ReleaseJws {
    void operator()(cjose_jws_t* jws) const noexcept { cjose_jws_release(jws); }
};

// cjose goes by the header as it reads it: it has to read there what we read.
bool signed_by(const Token& token, const TokenAlgorithm& algorithm, const Jwk& key) {
    // cjose takes an elliptic signature with a byte too many, and compares HMACs before their
    // lengths.
    const std::size_t bytes =
        algorithm.signature_bytes > 0 ? algorithm.signature_bytes : key.rsa_bytes;
    if (token.signature_bytes != bytes) return false;
    const std::unique_ptr<cjose_jws_t, ReleaseJws> jws(
        cjose_jws_import(token.text.data(), token.text.size(), nullptr));
    if (!jws) return false;
    const char* const read_algorithm =
        cjose_header_get(cjose_jws_get_protected(jws.get()), CJOSE_HDR_ALG, nullptr);
    if (read_algorithm == nullptr || read_algorithm != algorithm.name) return false;
    return cjose_jws_verify(jws.get(), key.handle.get(), nullptr);
}

// One token against one issuer, check by check. A check returns why it failed.
class Verification {
public:
    Verification(const Token& token, const JwtConfig& issuer, const KeySet& keys,
                 std::int64_t now_unix_s)
        : token_(token),
          issuer_(issuer),
          keys_(keys),
          now_(static_cast<double>(now_unix_s)),
          leeway_(std::ceil(std::chrono::duration<double>(issuer.leeway).count())) {}

    [[nodiscard]] Login run(std::vector<TokenCheck>& checks) {
        const OpensslErrorMark mark;
        struct Step {
            std::string_view name;
            Failed (Verification::*check)();
        };
        constexpr std::array<Step, 11> steps = {{
            {"issuer", &Verification::check_issuer},
            {"algorithm", &Verification::check_algorithm},
            {"critical headers", &Verification::check_critical_headers},
            {"key", &Verification::choose_keys},
            {signature_check, &Verification::check_signature},
            {"expiry", &Verification::check_expiry},
            {"not before", &Verification::check_not_before},
            {"issued at", &Verification::check_issued_at},
            {"audience", &Verification::check_audience},
            {"user", &Verification::read_user},
            {"roles", &Verification::read_roles},
        }};
        for (const Step& step : steps) {
            Failed failed = (this->*step.check)();
            checks.push_back({step.name, !failed, failed ? failed->reason : std::string()});
            if (failed) return Failure{std::move(*failed)};
        }
        read_claims();
        return std::move(identity_);
    }

private:
    Failed check_issuer() {
        if (issuer_.issuer.empty()) return std::nullopt;
        const auto claim = token_.claims.find("iss");
        if (claim == token_.claims.end()) return bad_token("the token names no issuer (iss)");
        if (*claim == issuer_.issuer) return std::nullopt;
        return bad_token("the issuer (iss) is " + in_quotes(claim->dump()));
    }

    Failed check_algorithm() {
        const auto name = token_.header.find("alg");
        if (name == token_.header.end() || !name->is_string()) {
            return bad_token("the header names no algorithm (alg)");
        }
        const auto& text = name->get_ref<const std::string&>();
        const std::vector<std::string>& allowed = issuer_.algorithms;
        if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) {
            algorithm_ = find_token_algorithm(text);
        }
        if (algorithm_ != nullptr) return std::nullopt;
        return bad_token("the algorithm " + in_quotes(text) + " is not among `algorithms`");
    }

    // RFC 7515, 4.1.11: what is critical and not understood makes the token invalid; we understand
    // no extension.
    Failed check_critical_headers() {
        if (!token_.header.contains("crit")) return std::nullopt;
        return bad_token("the header demands extensions (crit)");
    }

    // Keys that the token brings along (jwk, jku, x5u, x5c) are not even looked at.
    Failed choose_keys() {
        const auto id = token_.header.find("kid");
        const bool has_id = id != token_.header.end();
        if (has_id && !id->is_string()) return bad_token("the key id (kid) is not a string");
        for (const VerificationKey& key : keys_.keys()) {
            if (!key.fits(*algorithm_)) continue;
            if (has_id && !key.id.empty() && key.id != id->get_ref<const std::string&>()) continue;
            candidates_.push_back(&key.jwk);
        }
        if (candidates_.size() > tried_keys_max) {
            return bad_token("the token names no key (kid), and more than 8 could be meant");
        }
        if (!candidates_.empty()) return std::nullopt;
        if (!has_id) return bad_token("no key fits " + std::string(algorithm_->name));
        return LoginFailure{
            LoginError::UnknownKey,
            "no key has the id (kid) " + in_quotes(id->get_ref<const std::string&>())};
    }

    Failed check_signature() {
        for (const Jwk* const key : candidates_) {
            if (signed_by(token_, *algorithm_, *key)) return std::nullopt;
        }
        return bad_token("the signature is not by a key of the issuer");
    }

    // A time in seconds; nothing where the claim is no usable number.
    [[nodiscard]] static std::optional<double> time_of(const json& claim) {
        if (!claim.is_number()) return std::nullopt;
        const double seconds = claim.get<double>();
        if (!std::isfinite(seconds) || seconds < 0 || seconds > time_max) return std::nullopt;
        return seconds;
    }

    Failed check_expiry() {
        const auto claim = token_.claims.find("exp");
        if (claim == token_.claims.end()) return bad_token("the token never expires (no exp)");
        const std::optional<double> expires = time_of(*claim);
        if (!expires) return bad_token("exp is not a time");
        if (now_ >= *expires + leeway_) {
            return LoginFailure{LoginError::TokenExpired, "the token has expired (exp)"};
        }
        identity_.expires_unix_s = static_cast<std::int64_t>(*expires + leeway_);
        return std::nullopt;
    }

    Failed check_not_before() { return check_is_past("nbf", "the token is not valid yet (nbf)"); }
    Failed check_issued_at() {
        return check_is_past("iat", "the token was issued in the future (iat)");
    }

    Failed check_is_past(const char* name, const char* otherwise) {
        const auto claim = token_.claims.find(name);
        if (claim == token_.claims.end()) return std::nullopt;
        const std::optional<double> time = time_of(*claim);
        if (!time) return bad_token(std::string(name) + " is not a time");
        if (*time > now_ + leeway_) return bad_token(otherwise);
        return std::nullopt;
    }

    // RFC 7519, 4.1.3: one audience, or several.
    Failed check_audience() {
        if (issuer_.audience.empty()) return std::nullopt;
        const auto claim = token_.claims.find("aud");
        if (claim == token_.claims.end()) return bad_token("the token names no audience (aud)");
        const bool meant = claim->is_array() ? std::find(claim->begin(), claim->end(),
                                                         issuer_.audience) != claim->end()
                                             : *claim == issuer_.audience;
        if (meant) return std::nullopt;
        return bad_token(
            "the audience (aud) is " +
            in_quotes(claim->is_string() ? claim->get_ref<const std::string&>() : claim->dump()));
    }

    Failed read_user() {
        const auto claim = token_.claims.find(issuer_.user_claim);
        if (claim == token_.claims.end() || !claim->is_string() ||
            !is_printable(claim->get_ref<const std::string&>())) {
            return bad_token("the claim " + in_quotes(issuer_.user_claim) +
                             " is no name of a user: a string, not empty, without control "
                             "characters");
        }
        identity_.user = claim->get<std::string>();
        return std::nullopt;
    }

    Failed read_roles() {
        const auto claim = token_.claims.find(issuer_.role_claim);
        if (claim == token_.claims.end()) return std::nullopt;
        const json list = claim->is_array() ? *claim : json::array({*claim});
        for (const json& role : list) {
            if (!role.is_string() || !is_printable(role.get_ref<const std::string&>())) {
                return bad_token("the claim " + in_quotes(issuer_.role_claim) +
                                 " is neither a role nor an array of roles");
            }
            identity_.roles.push_back(role.get<std::string>());
        }
        return std::nullopt;
    }

    void read_claims() {
        for (const auto& [name, value] : token_.claims.items()) {
            if (value.is_string()) {
                identity_.claims.emplace(name, value.get<std::string>());
            } else if (value.is_number() || value.is_boolean()) {
                identity_.claims.emplace(name, value.dump());
            }
        }
    }

    const Token& token_;
    const JwtConfig& issuer_;
    const KeySet& keys_;
    const double now_;
    const double leeway_;
    const TokenAlgorithm* algorithm_ = nullptr;
    std::vector<const Jwk*> candidates_;
    Identity identity_;
};

}  // namespace

Login verify_token(const Token& token, const JwtConfig& issuer, const KeySet& keys,
                   std::int64_t now_unix_s, std::vector<TokenCheck>& checks) {
    return Verification(token, issuer, keys, now_unix_s).run(checks);
}

}  // namespace rtbridge
