#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/jwk.h"
#include "base/result.h"
#include "config/config.h"

namespace rtbridge {

struct VerificationKey {
    Jwk jwk;
    std::string id;         // `kid`; empty: it has none
    std::string algorithm;  // the only one that it may be used with; empty: any that fits its type

    [[nodiscard]] bool fits(const TokenAlgorithm& wanted) const {
        return jwk.type == wanted.key && (algorithm.empty() || algorithm == wanted.name);
    }
};

// The keys that tokens of one issuer may be signed with.
//
// Thread: any; immutable.
class KeySet {
public:
    static constexpr std::size_t keys_max = 100;

    // A JWKS or JWK (RFC 7517) where `content` is a JSON object, public keys and certificates where
    // it is PEM, else one shared secret, of which a final newline is no part.
    [[nodiscard]] static Result<KeySet, std::string> parse(std::string_view content);

    [[nodiscard]] const std::vector<VerificationKey>& keys() const { return keys_; }
    [[nodiscard]] bool holds_secrets() const;
    // Whether any key could verify by one of these algorithms.
    [[nodiscard]] bool fits_any(const std::vector<std::string>& algorithms) const;

private:
    std::vector<VerificationKey> keys_;
};

struct KeyFile {
    KeySet keys;
    bool secret_exposed = false;  // holds a secret that every user of the system can read
};

// The keys_file of `issuer`, with at least one key for its algorithms. The error says what is
// wrong, without the path. Reads a file.
[[nodiscard]] Result<KeyFile, std::string> read_key_file(const JwtConfig& issuer);

}  // namespace rtbridge
