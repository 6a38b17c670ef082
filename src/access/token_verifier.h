#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "access/authenticator.h"
#include "access/key_set.h"
#include "access/token.h"
#include "config/config.h"

namespace rtbridge {

// What became of one check of a token, for explanations.
struct TokenCheck {
    std::string_view name;
    bool passed = false;
    std::string reason;  // of a failure
};

// Whether `token` is a valid one of `issuer`, by `keys` (RFC 7519, 7.2; RFC 8725). What the token
// says chooses among the configured keys and algorithms, and never adds to them. Its claims are
// believed after its signature, but for `iss`, which belongs to choosing the keys.
// The checks are made in a fixed order up to the first that fails; `checks`, if given, gets them.
// The identity has the roles of the token only. Thread: any.
[[nodiscard]] Login verify_token(const Token& token, const JwtConfig& issuer, const KeySet& keys,
                                 std::int64_t now_unix_s, std::vector<TokenCheck>& checks);

// The name of the check that proves who wrote the claims.
inline constexpr std::string_view signature_check = "signature";

}  // namespace rtbridge
