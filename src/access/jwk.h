#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/token_algorithm.h"

// cjose_jwk_t, as cjose names it. NOLINTNEXTLINE(bugprone-reserved-identifier)
struct _cjose_jwk_int;
struct evp_pkey_st;  // EVP_PKEY

namespace rtbridge {

struct ReleaseJwk {
    void operator()(_cjose_jwk_int* key) const noexcept;
};

// A key in the form that cjose signs and verifies with, and what it is.
//
// Thread: any; immutable.
struct Jwk {
    std::unique_ptr<_cjose_jwk_int, ReleaseJwk> handle;
    KeyType type = KeyType::Secret;
    std::size_t rsa_bytes = 0;  // of the modulus
};

enum class KeyPart { Public, Private };

// The error says what is wrong with the key. RSA from 2048 bits, P-256, P-384 and P-521.
[[nodiscard]] Result<Jwk, std::string> jwk_of_secret(std::string_view secret);
[[nodiscard]] Result<Jwk, std::string> jwk_of(const evp_pkey_st& key, KeyPart part);
// One key of a JWKS as text (RFC 7517, 4); its public part where it is a pair.
[[nodiscard]] Result<Jwk, std::string> jwk_of_json(const std::string& json);

}  // namespace rtbridge
