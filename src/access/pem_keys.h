#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/jwk.h"
#include "base/result.h"

namespace rtbridge {

[[nodiscard]] bool looks_like_pem(std::string_view text);

// The keys of a text with PUBLIC KEY, RSA PUBLIC KEY and CERTIFICATE blocks, in their order.
// A private key is refused: whoever only verifies has no business with one.
// Thread: any.
[[nodiscard]] Result<std::vector<Jwk>, std::string> read_public_pem(std::string_view text);

// The first private key of a text, to sign with.
[[nodiscard]] Result<Jwk, std::string> read_private_pem(std::string_view text);

}  // namespace rtbridge
