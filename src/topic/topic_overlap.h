#pragma once

#include <optional>
#include <string>
#include <string_view>

// What topic filters have in common. Thread: any, pure.

namespace rtbridge {

// The filter of all topics that both filters match; nothing where no topic matches both. A leading
// wildcard does not match a topic that starts with '$' (MQTT 5, 4.7.2).
// O(levels). REQUIRES: both are valid filters, names written as '+'.
[[nodiscard]] std::optional<std::string> intersection(std::string_view a, std::string_view b);

// Whether some topic matches both. No allocation.
[[nodiscard]] bool overlap(std::string_view a, std::string_view b) noexcept;

// Whether all topics that match `narrow` match `wide`. No allocation.
[[nodiscard]] bool covers(std::string_view wide, std::string_view narrow) noexcept;

}  // namespace rtbridge
