#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace rtbridge {

inline constexpr std::string_view form_type = "application/x-www-form-urlencoded";

// The fields of a form as browsers send it (application/x-www-form-urlencoded), decoded and in
// order. The error says what is wrong with the text. Thread: any, pure.
using FormFields = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Result<FormFields, std::string> read_form(std::string_view body);

// The same as a JSON object of strings. REQUIRES: no name stands twice.
[[nodiscard]] std::string form_json(const FormFields& fields);

// The names that stand more than once.
[[nodiscard]] std::vector<std::string> repeated_names(const FormFields& fields);

}  // namespace rtbridge
