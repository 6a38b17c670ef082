#include "rules/battery.h"
#include "rules/json_type_name.h"
#include "rules/working_payload.h"

#include <optional>

namespace rtbridge {
Battery::Battery(const BatteryConfig& config)
    : power_(config.power), positive_(config.positive), idle_below_(config.idle_below) {}

Result<std::string_view, Invalidity> Battery::state(WorkingPayload& payload) const {
    const std::optional<WorkingPayload::Value> value = payload.find(power_);
    if (!value) {
        return Failure{
            Invalidity{InvalidReason::Missing, power_.text, power_.text + " is missing"}};
    }
    double power = 0;
    if (value->element.get(power) != simdjson::SUCCESS) {  // takes integers as well
        return Failure{Invalidity{
            InvalidReason::Type, power_.text,
            power_.text + " is " + std::string(type_name(value->element)) + ", not a number"}};
    }
    if (positive_ == PowerSign::PositiveIsDischarging) power = -power;
    if (power > idle_below_) return std::string_view("Charging");
    if (power < -idle_below_) return std::string_view("Discharging");
    return std::string_view("Idle");
}

}  // namespace rtbridge
