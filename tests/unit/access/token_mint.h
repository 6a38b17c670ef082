#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/free_with.h"

// Tokens as an attacker would make them: every part is what the test says, signed by OpenSSL alone.

namespace rtbridge {

using EvpKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

[[nodiscard]] EvpKey make_rsa_key(unsigned bits = 2048);
[[nodiscard]] EvpKey make_ec_key(const char* curve);
[[nodiscard]] EvpKey make_ed25519_key();
[[nodiscard]] std::string public_pem(const EvpKey& key);
[[nodiscard]] std::string private_pem(const EvpKey& key);
// Self-signed.
[[nodiscard]] std::string certificate_pem(const EvpKey& key);
// The members of the public part, without braces: "\"kty\":\"RSA\",…".
[[nodiscard]] std::string public_jwk(const EvpKey& key);

// "<header>.<claims>" in base64url.
[[nodiscard]] std::string signing_input(std::string_view header, std::string_view claims);
// A whole token; the algorithm is "HS256", … whatever the header says.
[[nodiscard]] std::string sign_hmac(std::string_view header, std::string_view claims,
                                    std::string_view secret, std::string_view algorithm = "HS256");
[[nodiscard]] std::string sign_key(std::string_view header, std::string_view claims,
                                   const EvpKey& key, std::string_view algorithm);

}  // namespace rtbridge
