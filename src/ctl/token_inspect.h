#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace rtbridge {

// `rtbridgectl token inspect`: what `token` says, and for each [[auth.jwt]] of the configuration
// check by check whether the plugin would take it. Returns the exit code: 0 where it would.
[[nodiscard]] int inspect_token(const std::string& config_file, std::string_view token,
                                std::int64_t now_unix_s, std::ostream& out, std::ostream& err);

}  // namespace rtbridge
