#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// "limit=frame max=65536 got=70000": what the reason of a close says of a limit (at most 123 bytes,
// RFC 6455, 5.5.1).
[[nodiscard]] inline std::string limit_reason(std::string_view name, std::uint64_t max,
                                              std::optional<std::uint64_t> got = std::nullopt) {
    std::string reason = "limit=" + std::string(name) + " max=" + std::to_string(max);
    if (got) reason += " got=" + std::to_string(*got);
    return reason;
}

}  // namespace rtbridge
