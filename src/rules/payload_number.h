#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "handoff/invalid_reason.h"
#include "rules/json_path.h"

namespace rtbridge {

class WorkingPayload;

// A number that stands in the payload. What is missing, or null, is the default that `fields`
// gives.
//
// Thread: any; immutable.
class PayloadNumber {
public:
    enum class As {
        Number,
        NumberOrBoolean,  // true and false are 1 and 0
        Time,             // Unix seconds; in any way that `fields` knows
    };

    // What `fields` calls a time is read as such, whatever `as` says.
    PayloadNumber(std::string_view path, const std::vector<FieldConfig>& fields,
                  As as = As::Number);

    [[nodiscard]] const std::string& path() const { return path_.text; }
    // The number, or why there is none. REQUIRES: !payload.object_mistake().
    [[nodiscard]] Result<double, Invalidity> read(WorkingPayload& payload) const;

private:
    JsonPath path_;
    As as_;
    std::optional<double> fallback_;
};

}  // namespace rtbridge
