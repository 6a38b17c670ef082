#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace rtbridge {

// A JSON object in which no name stands twice in one object, and which is nested at most 16 deep;
// nothing for any other text. Two readers of a duplicate may each believe another one: what was
// checked would not be what is used. Thread: any.
[[nodiscard]] std::optional<nlohmann::json> parse_strict_object(std::string_view text);

}  // namespace rtbridge
