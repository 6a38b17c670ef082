#pragma once

#include <string>
#include <string_view>

namespace rtbridge {

// Text of a configuration file as a message shows it: in quotes, on one line (control characters
// escaped), shortened when long. Thread: any.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace rtbridge
