#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rtbridge {

enum class FieldType {
    Number,
    String,
    Bool,
    Time,   // ISO 8601 with an offset or Z, or Unix seconds or milliseconds
    OneOf,  // a string
};

// What a field of a payload has to be, as written in `fields` of a rule.
struct FieldSpec {
    FieldType type = FieldType::Number;
    bool required = true;
    // Of numbers; both inclusive.
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    std::vector<std::string> choices;  // of OneOf; never empty there
    // JSON: what it counts as where it is missing.
    std::optional<std::string> fallback;
};

// "number", "number 0..100", "number -5..", "number = 0", "string?", "bool", "time?",
// "one of auto|eco". Fails with what is wrong, to stand behind the text.
[[nodiscard]] Result<FieldSpec, std::string> parse_field_spec(std::string_view text);

}  // namespace rtbridge
