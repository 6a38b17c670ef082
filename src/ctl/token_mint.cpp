#include "ctl/token_mint.h"

#include <cjose/header.h>
#include <cjose/jws.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "access/key_set.h"
#include "access/openssl_errors.h"
#include "access/pem_keys.h"
#include "access/printable.h"
#include "base/bytes.h"
#include "base/file_text.h"
#include "base/free_with.h"
#include "config/config_loader.h"
#include "config/in_quotes.h"
#include "config/suggestion.h"
#include "config/token_algorithm.h"

namespace rtbridge {
namespace {

using nlohmann::json;

constexpr std::size_t key_file_bytes_max = 1 * MiB;

using Header = std::unique_ptr<cjose_header_t, FreeWith<cjose_header_release>>;
using Jws = std::unique_ptr<cjose_jws_t, FreeWith<cjose_jws_release>>;

Failure<std::string> failure(std::string text) {
    return Failure{std::move(text)};
}

// The [[auth.jwt]] that the token is for.
Result<JwtConfig, std::string> configured_issuer(const MintRequest& request) {
    Diagnostics diagnostics;
    const std::optional<Config> config = load_config(request.config_file, diagnostics);
    if (!config) {
        for (const Diagnostic& diagnostic : diagnostics.sorted()) {
            if (diagnostic.severity == Severity::Error) return failure(to_line(diagnostic));
        }
        return failure("cannot read " + request.config_file);
    }
    if (!config->auth || config->auth->jwt.empty()) {
        return failure(request.config_file + " has no [[auth.jwt]]");
    }
    const std::vector<JwtConfig>& issuers = config->auth->jwt;
    if (request.issuer.empty()) {
        if (issuers.size() == 1) return issuers.front();
        return failure(request.config_file + " has several [[auth.jwt]]; name one by --issuer");
    }
    for (const JwtConfig& issuer : issuers) {
        if (issuer.issuer.empty() || issuer.issuer == request.issuer) return issuer;
    }
    return failure(request.config_file + " has no [[auth.jwt]] with issuer " +
                   in_quotes(request.issuer));
}

Result<KeySet, std::string> as_secrets(const std::string& text) {
    Result<KeySet, std::string> keys = KeySet::parse(text);
    if (keys.ok() && !keys.value().holds_secrets()) {
        return failure("it holds public keys; name the private one by --key");
    }
    return keys;
}

Result<VerificationKey, std::string> signing_key_of(const std::string& text) {
    if (looks_like_pem(text)) {
        Result<Jwk, std::string> key = read_private_pem(text);
        if (!key.ok()) return failure(std::move(key).error());
        return VerificationKey{std::move(key).value(), "", ""};
    }
    Result<KeySet, std::string> keys = as_secrets(text);
    if (!keys.ok()) return failure(std::move(keys).error());
    for (VerificationKey& key : std::move(keys).value().take_keys()) {
        if (key.jwk.type == KeyType::Secret) return std::move(key);
    }
    return failure("there is no secret in it");
}

Result<VerificationKey, std::string> read_signing_key(const std::string& path) {
    Result<FileText, std::string> file =
        read_file_text(path, key_file_bytes_max, "the file is larger than 1MiB");
    Result<VerificationKey, std::string> key =
        file.ok() ? signing_key_of(file.value().text)
                  : Result<VerificationKey, std::string>(failure(std::move(file).error()));
    if (!key.ok()) return failure(path + ": " + key.error());
    return key;
}

// What is asked for, else the first of the configuration that the key fits, else one that fits.
Result<const TokenAlgorithm*, std::string> choose_algorithm(const MintRequest& request,
                                                            const JwtConfig& issuer,
                                                            const VerificationKey& key) {
    if (!request.algorithm.empty()) {
        const TokenAlgorithm* const asked = find_token_algorithm(request.algorithm);
        if (asked == nullptr) {
            return failure("the algorithm " + in_quotes(request.algorithm) + " is not known; " +
                           did_you_mean(request.algorithm, token_algorithm_names(),
                                        "HS256, RS256 and ES256 are some that are"));
        }
        if (key.fits(*asked)) return asked;
        return failure("the key cannot be used with " + request.algorithm);
    }
    for (const std::string& name : issuer.algorithms) {
        const TokenAlgorithm* const algorithm = find_token_algorithm(name);
        if (algorithm != nullptr && key.fits(*algorithm)) return algorithm;
    }
    for (const std::string_view name : token_algorithm_names()) {
        const TokenAlgorithm* const algorithm = find_token_algorithm(name);
        if (key.fits(*algorithm) && issuer.algorithms.empty()) return algorithm;
    }
    return failure("the key cannot be used with the algorithms of the configuration");
}

Result<json, std::string> claims_of(const MintRequest& request, const JwtConfig& issuer,
                                    std::int64_t now_unix_s) {
    json claims = json::object();
    claims[issuer.user_claim] = request.user;
    if (!request.roles.empty()) claims[issuer.role_claim] = request.roles;
    if (!issuer.issuer.empty()) claims["iss"] = issuer.issuer;
    if (!issuer.audience.empty()) claims["aud"] = issuer.audience;
    claims["iat"] = now_unix_s;
    claims["exp"] = now_unix_s + request.expires_in.count();
    for (const auto& [name, value] : request.claims) {
        if (claims.contains(name)) {
            return failure("the claim " + in_quotes(name) + " is given twice, or set by an option");
        }
        json parsed = json::parse(value, nullptr, /*allow_exceptions=*/false);
        claims[name] = parsed.is_discarded() ? json(value) : std::move(parsed);
    }
    return claims;
}

Result<std::string, std::string> sign(const json& claims, const TokenAlgorithm& algorithm,
                                      const VerificationKey& key) {
    const OpensslErrorMark mark;
    const Header header(cjose_header_new(nullptr));
    const std::string name(algorithm.name);
    bool ready = header && cjose_header_set(header.get(), CJOSE_HDR_ALG, name.c_str(), nullptr) &&
                 cjose_header_set(header.get(), "typ", "JWT", nullptr);
    if (ready && !key.id.empty()) {
        ready = cjose_header_set(header.get(), CJOSE_HDR_KID, key.id.c_str(), nullptr);
    }
    if (!ready) return failure("memory is exhausted");
    // A text that is no UTF-8 came from the command line.
    const std::string text = claims.dump(-1, ' ', false, json::error_handler_t::replace);
    const Jws jws(cjose_jws_sign(key.jwk.handle.get(), header.get(),
                                 reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                 nullptr));
    const char* token = nullptr;
    if (!jws || !cjose_jws_export(jws.get(), &token, nullptr)) {
        return failure("the key cannot sign");
    }
    return std::string(token);
}

}  // namespace

Result<std::string, std::string> mint_token(const MintRequest& request, std::int64_t now_unix_s) {
    if (!is_printable(request.user)) {
        return failure("the user must not be empty or have control characters");
    }
    JwtConfig issuer;
    if (!request.config_file.empty()) {
        Result<JwtConfig, std::string> configured = configured_issuer(request);
        if (!configured.ok()) return failure(std::move(configured).error());
        issuer = std::move(configured).value();
    }
    if (!request.issuer.empty()) issuer.issuer = request.issuer;
    if (!request.audience.empty()) issuer.audience = request.audience;
    const std::string& key_file =
        request.key_file.empty() ? issuer.keys_file.value : request.key_file;
    if (key_file.empty()) return failure("there is no key; name one by --key or --config");

    const Result<VerificationKey, std::string> key = read_signing_key(key_file);
    if (!key.ok()) return failure(key.error());
    const auto algorithm = choose_algorithm(request, issuer, key.value());
    if (!algorithm.ok()) return failure(algorithm.error());
    const Result<json, std::string> claims = claims_of(request, issuer, now_unix_s);
    if (!claims.ok()) return failure(claims.error());
    return sign(claims.value(), *algorithm.value(), key.value());
}

}  // namespace rtbridge
