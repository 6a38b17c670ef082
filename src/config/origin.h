#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// A configured origin in the form in which browsers send it (RFC 6454, 6.2):
// "scheme://host[:port]", http or https, lower case, without the port that the scheme implies. "*"
// stays "*". Nothing for any other text. Thread: any.
[[nodiscard]] std::optional<std::string> parse_origin(std::string_view text);

}  // namespace rtbridge
