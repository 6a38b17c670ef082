#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// Base64 (RFC 4648) of binary data held in strings. Strict: nothing but the alphabet, and padding
// where it is named. Thread: any.

// Standard alphabet; padding may be complete or absent.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);
// URL alphabet, never padded (RFC 7515, 2).
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

[[nodiscard]] std::string encode_base64(std::string_view bytes);
[[nodiscard]] std::string encode_base64url(std::string_view bytes);

}  // namespace rtbridge
