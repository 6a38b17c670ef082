#include "access/key_set.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "access/pem_keys.h"
#include "access/strict_json.h"
#include "base/bytes.h"
#include "base/file_text.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

using nlohmann::json;

constexpr std::size_t file_bytes_max = 1 * MiB;

Failure<std::string> failure(std::string text) {
    return Failure{std::move(text)};
}

bool looks_like_json(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{';
}

std::string_view without_final_newline(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

// The text of an optional member; nothing where it is there and no string.
std::optional<std::string> text_member(const json& object, const char* name) {
    const auto member = object.find(name);
    if (member == object.end()) return std::string();
    if (!member->is_string()) return std::nullopt;
    return member->get<std::string>();
}

// RFC 7517, 4.2 and 4.3: keys for other purposes may stand in the same set.
bool meant_for_signatures(const json& key) {
    const auto use = key.find("use");
    if (use != key.end() && *use != "sig") return false;
    const auto operations = key.find("key_ops");
    if (operations == key.end()) return true;
    return operations->is_array() &&
           std::find(operations->begin(), operations->end(), "verify") != operations->end();
}

bool of_known_type(const json& key) {
    const auto type = key.find("kty");
    if (type == key.end()) return false;
    if (*type == "EC") {
        const auto curve = key.find("crv");
        return curve != key.end() && (*curve == "P-256" || *curve == "P-384" || *curve == "P-521");
    }
    return *type == "RSA" || *type == "oct";
}

Result<VerificationKey, std::string> read_jwk(const json& source) {
    std::optional<std::string> id = text_member(source, "kid");
    std::optional<std::string> algorithm = text_member(source, "alg");
    if (!id || !algorithm) return failure("\"kid\" and \"alg\" must be strings");
    if (source.contains("d")) {
        return failure("it is a private key, and only the public one is needed to verify tokens");
    }
    Result<Jwk, std::string> key = jwk_of_json(source.dump());
    if (!key.ok()) return failure(std::move(key).error());
    return VerificationKey{std::move(key).value(), std::move(*id), std::move(*algorithm)};
}

Result<std::vector<VerificationKey>, std::string> read_jwks(std::string_view text) {
    const std::optional<json> document = parse_strict_object(text);
    if (!document) {
        return failure("it begins like JSON and is none, or has a name twice in one object");
    }
    json list = document->contains("keys") ? document->at("keys") : json::array({*document});
    if (!list.is_array()) return failure("\"keys\" is not an array");
    if (list.size() > KeySet::keys_max) return failure("it holds more than 100 keys");
    std::vector<VerificationKey> keys;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const json& source = list[i];
        // RFC 7517, 5: what is not understood is passed over.
        if (!source.is_object() || !meant_for_signatures(source) || !of_known_type(source)) {
            continue;
        }
        Result<VerificationKey, std::string> key = read_jwk(source);
        if (!key.ok()) {
            return failure("its key number " + std::to_string(i + 1) + ": " + key.error());
        }
        keys.push_back(std::move(key).value());
    }
    return keys;
}

}  // namespace

Result<KeySet, std::string> KeySet::parse(std::string_view content) {
    KeySet set;
    // What was meant as JSON or PEM and is broken must never become a secret: it may be public.
    if (looks_like_json(content)) {
        auto keys = read_jwks(content);
        if (!keys.ok()) return failure(std::move(keys).error());
        set.keys_ = std::move(keys).value();
    } else if (looks_like_pem(content)) {
        auto keys = read_public_pem(content);
        if (!keys.ok()) return failure(std::move(keys).error());
        if (keys.value().size() > keys_max) return failure("it holds more than 100 keys");
        for (Jwk& key : keys.value()) set.keys_.push_back({std::move(key), "", ""});
    } else {
        auto secret = jwk_of_secret(without_final_newline(content));
        if (!secret.ok()) return failure(std::move(secret).error());
        set.keys_.push_back({std::move(secret).value(), "", ""});
    }
    return set;
}

bool KeySet::holds_secrets() const {
    return std::any_of(keys_.begin(), keys_.end(),
                       [](const VerificationKey& key) { return key.jwk.type == KeyType::Secret; });
}

bool KeySet::fits_any(const std::vector<std::string>& algorithms) const {
    return std::any_of(algorithms.begin(), algorithms.end(), [this](const std::string& name) {
        const TokenAlgorithm* const algorithm = find_token_algorithm(name);
        return algorithm != nullptr &&
               std::any_of(keys_.begin(), keys_.end(), [algorithm](const VerificationKey& key) {
                   return key.fits(*algorithm);
               });
    });
}

Result<KeyFile, std::string> read_key_file(const JwtConfig& issuer) {
    Result<FileText, std::string> file =
        read_file_text(issuer.keys_file.value, file_bytes_max, "the file is larger than 1MiB");
    if (!file.ok()) return failure(std::move(file).error());
    Result<KeySet, std::string> keys = KeySet::parse(file.value().text);
    if (!keys.ok()) return failure(std::move(keys).error());
    if (!keys.value().fits_any(issuer.algorithms)) {
        std::string names;
        for (const std::string& name : issuer.algorithms) names.append(" ").append(name);
        return failure("none of its keys can be used with" + names);
    }
    const bool exposed = file.value().readable_by_others && keys.value().holds_secrets();
    return KeyFile{std::move(keys).value(), exposed};
}

}  // namespace rtbridge
