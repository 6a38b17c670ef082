#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace rtbridge {

// What `rtbridgectl token mint` was asked for; empty = not given.
struct MintRequest {
    // Its [[auth.jwt]] says issuer, audience, names of claims, and the key.
    std::string config_file{};
    // A secret, a JWKS with one, or a private key in PEM.
    std::string key_file{};
    std::string algorithm{};
    std::string user{};
    std::vector<std::string> roles{};
    // Further ones; a value that is JSON is taken as it, any other as text.
    std::vector<std::pair<std::string, std::string>> claims{};
    std::string issuer{};
    std::string audience{};
    std::chrono::seconds expires_in{3600};
};

// A signed token, or what is wrong with the request.
[[nodiscard]] Result<std::string, std::string> mint_token(const MintRequest& request,
                                                          std::int64_t now_unix_s);

}  // namespace rtbridge
