#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/field_spec.h"
#include "handoff/invalid_reason.h"
#include "rules/json_path.h"

namespace rtbridge {

class WorkingPayload;

// What one field of a payload has to be: an entry of `fields` of a rule.
//
// Thread: any; immutable.
class FieldCheck {
public:
    FieldCheck(std::string_view path, FieldSpec spec) : path_(path), spec_(std::move(spec)) {}

    // Nothing, or why the payload is invalid. Null counts as missing.
    [[nodiscard]] std::optional<Invalidity> refuse(WorkingPayload& payload) const;

private:
    [[nodiscard]] Invalidity invalid(InvalidReason reason, std::string_view what) const;

    JsonPath path_;
    FieldSpec spec_;
};

}  // namespace rtbridge
