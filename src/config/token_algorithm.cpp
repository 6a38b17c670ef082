#include "config/token_algorithm.h"

#include <array>

namespace rtbridge {
namespace {

constexpr std::array<TokenAlgorithm, 12> algorithms = {{
    {"HS256", KeyType::Secret, 32},
    {"HS384", KeyType::Secret, 48},
    {"HS512", KeyType::Secret, 64},
    {"RS256", KeyType::Rsa, 0},
    {"RS384", KeyType::Rsa, 0},
    {"RS512", KeyType::Rsa, 0},
    {"PS256", KeyType::Rsa, 0},
    {"PS384", KeyType::Rsa, 0},
    {"PS512", KeyType::Rsa, 0},
    {"ES256", KeyType::P256, 64},
    {"ES384", KeyType::P384, 96},
    {"ES512", KeyType::P521, 132},
}};

}  // namespace

const TokenAlgorithm* find_token_algorithm(std::string_view name) {
    for (const TokenAlgorithm& algorithm : algorithms) {
        if (algorithm.name == name) return &algorithm;
    }
    return nullptr;
}

std::vector<std::string_view> token_algorithm_names() {
    std::vector<std::string_view> names;
    names.reserve(algorithms.size());
    for (const TokenAlgorithm& algorithm : algorithms) names.push_back(algorithm.name);
    return names;
}

}  // namespace rtbridge
