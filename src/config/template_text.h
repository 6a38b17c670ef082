#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace rtbridge {

// A template as one would write it in TOML, on one line: texts with equal effect are equal.
// Thread: any, pure.
[[nodiscard]] std::string to_toml(const TemplateSource& source);
[[nodiscard]] std::string to_toml(const TemplateSource::Object& object);

// The names in braces of a text, in their order: "{a}-{payload.b}" has "a" and "payload.b".
[[nodiscard]] std::vector<std::string_view> names_in_braces(std::string_view text);
// Those of all texts in it. Views into `source`.
[[nodiscard]] std::vector<std::string_view> names_in_braces(const TemplateSource& source);

}  // namespace rtbridge
