#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"
#include "handoff/invalid_reason.h"
#include "rules/json_path.h"

namespace rtbridge {

class WorkingPayload;

// Tells from the power of a battery what it does.
//
// Thread: any; immutable.
class Battery {
public:
    explicit Battery(const BatteryConfig& config);

    // "Charging", "Discharging" or "Idle", or why the payload does not tell.
    // REQUIRES: !payload.object_mistake().
    [[nodiscard]] Result<std::string_view, Invalidity> state(WorkingPayload& payload) const;

private:
    JsonPath power_;
    PowerSign positive_;
    double idle_below_;
};

}  // namespace rtbridge
