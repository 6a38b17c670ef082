#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rtbridge {

// A JWS in compact form whose header and claims are JSON objects (RFC 7515, RFC 7519). Nothing is
// proven about it.
// NOLINTNEXTLINE(bugprone-exception-escape): that of nlohmann::json's move is an assertion
struct Token {
    std::string text;
    nlohmann::json header;
    nlohmann::json claims;
    std::size_t signature_bytes = 0;
};

// The error says what is wrong with the form. At most token_bytes_max. Thread: any.
[[nodiscard]] Result<Token, std::string> parse_token(std::string_view text);

}  // namespace rtbridge
