#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace rtbridge {

// What a key is good for. One key is never used as two of these: a public key taken for a shared
// secret would let everyone who knows it forge tokens.
enum class KeyType { Secret, Rsa, P256, P384, P521 };

// A signature algorithm of tokens (RFC 7518, 3.1).
struct TokenAlgorithm {
    std::string_view name;
    KeyType key;
    std::size_t signature_bytes;  // 0: as many as the RSA key's modulus
};

// Null for any other name. Thread: any.
[[nodiscard]] const TokenAlgorithm* find_token_algorithm(std::string_view name);
[[nodiscard]] std::vector<std::string_view> token_algorithm_names();

}  // namespace rtbridge
