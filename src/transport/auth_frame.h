#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "access/authenticator.h"

namespace rtbridge {

// The one request that plain mode takes: {"id":7,"op":"auth","token":"..."} brings a fresh token
// before the old one expires. Thread: any; values.
struct AuthFrame {
    std::optional<std::uint32_t> id;  // echoed as "re"
    std::string token;
};
inline constexpr std::size_t auth_frame_bytes_max = token_bytes_max + 512;

// Nothing: this is no such request.
[[nodiscard]] std::optional<AuthFrame> read_auth_frame(std::string_view text);

// {"re":7,"ok":{"ttl":3600}}; ttl in seconds, nothing: the token does not expire.
[[nodiscard]] std::string auth_accepted(std::optional<std::uint32_t> id,
                                        std::optional<std::int64_t> ttl_s);

}  // namespace rtbridge
