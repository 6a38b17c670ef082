#include "rules/battery.h"
#include "rules/working_payload.h"

#include <optional>

namespace rtbridge {
namespace {

std::string_view type_name(const JsonDocument::Element& element) {
    switch (element.type()) {
        case simdjson::dom::element_type::ARRAY:
            return "an array";
        case simdjson::dom::element_type::OBJECT:
            return "an object";
        case simdjson::dom::element_type::STRING:
            return "a string";
        case simdjson::dom::element_type::BOOL:
            return "true or false";
        case simdjson::dom::element_type::NULL_VALUE:
            return "null";
        default:
            return "a number";
    }
}

}  // namespace

Battery::Battery(const BatteryConfig& config)
    : power_(config.power), positive_(config.positive), idle_below_(config.idle_below) {}

Result<std::string_view, std::string> Battery::state(WorkingPayload& payload) const {
    const std::optional<WorkingPayload::Value> value = payload.find(power_);
    if (!value) return Failure{power_.text + " is missing"};
    double power = 0;
    if (value->element.get(power) != simdjson::SUCCESS) {  // takes integers as well
        return Failure{power_.text + " is " + std::string(type_name(value->element)) +
                       ", not a number"};
    }
    if (positive_ == PowerSign::PositiveIsDischarging) power = -power;
    if (power > idle_below_) return std::string_view("Charging");
    if (power < -idle_below_) return std::string_view("Discharging");
    return std::string_view("Idle");
}

}  // namespace rtbridge
