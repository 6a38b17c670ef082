#pragma once

#include <string>

#include "rules/working_payload.h"

namespace rtbridge {

// A value of the payload as JSON without spaces. A null is written as null.
void append_value_json(std::string& out, const WorkingPayload::Value& value);

// The same where text is wanted: a string without its quotes, a container as JSON.
// False for null, which is no text.
[[nodiscard]] bool append_value_text(std::string& out, const WorkingPayload::Value& value);

}  // namespace rtbridge
