#pragma once

#include <string_view>

#include "rules/json_document.h"

namespace rtbridge {

// "a number", "true or false", "an array": to stand in a message.
[[nodiscard]] std::string_view type_name(const JsonDocument::Element& element);

}  // namespace rtbridge
