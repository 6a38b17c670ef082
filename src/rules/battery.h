#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "handoff/invalid_reason.h"
#include "rules/json_path.h"
#include "rules/payload_number.h"

namespace rtbridge {

class WorkingPayload;

enum class BatteryState : std::uint8_t { Idle, Charging, Discharging };

// "Idle", "Charging", "Discharging".
[[nodiscard]] std::string_view to_text(BatteryState state);

// What one message tells of a battery. Power and current are positive while it charges.
struct BatteryReading {
    double power_w = 0;
    BatteryState state = BatteryState::Idle;
    // Nothing where the message or the configuration does not tell.
    std::optional<double> percent;
    std::optional<double> current_a;
    // Part of the capacity that goes in per hour, negative where it goes out.
    std::optional<double> per_hour;
    std::optional<double> cell_delta_mv;
    std::optional<double> temp_spread_c;
    std::optional<std::int64_t> unix_ms;

    [[nodiscard]] std::optional<double> c_rate() const;
    // Seconds, while it charges or discharges; nothing beyond a year.
    [[nodiscard]] std::optional<double> time_to_full_s() const;
    [[nodiscard]] std::optional<double> time_to_empty_s() const;
};

// Reads batteries as `battery` of a rule says.
//
// Thread: any; immutable.
class Battery {
public:
    // `fields`: of the rule, for defaults of what is missing.
    Battery(const BatteryConfig& config, const std::vector<FieldConfig>& fields);

    [[nodiscard]] const BatteryConfig& config() const { return config_; }
    // Whether values are wanted that depend on readings before.
    [[nodiscard]] bool remembers() const {
        return config_.hold.count() > 0 || config_.adds(BatteryValue::Energy) ||
               config_.adds(BatteryValue::Quality);
    }
    // The power is needed, or voltage and current in its place; of all else what is no number
    // counts as missing. REQUIRES: !payload.object_mistake().
    [[nodiscard]] Result<BatteryReading, Invalidity> read(WorkingPayload& payload) const;

private:
    // A number of the payload and the factor to its unit.
    struct Quantity {
        PayloadNumber number;
        double factor;
    };
    [[nodiscard]] static std::optional<Quantity> quantity(const std::string& path, double factor,
                                                          const std::vector<FieldConfig>& fields);
    [[nodiscard]] static std::optional<double> read(const std::optional<Quantity>& quantity,
                                                    WorkingPayload& payload);
    // Highest less lowest; nothing of fewer than two numbers.
    [[nodiscard]] static std::optional<double> spread(const std::vector<JsonPath>& paths,
                                                      WorkingPayload& payload);
    [[nodiscard]] std::optional<double> part_per_hour(const BatteryReading& reading,
                                                      std::optional<double> voltage_v,
                                                      WorkingPayload& payload) const;

    BatteryConfig config_;
    PayloadNumber power_;
    std::optional<Quantity> percent_;
    std::optional<Quantity> voltage_;
    std::optional<Quantity> current_;
    std::optional<Quantity> capacity_;
    std::optional<PayloadNumber> time_;
    std::vector<JsonPath> cells_;
    std::vector<JsonPath> temperatures_;
};

}  // namespace rtbridge
