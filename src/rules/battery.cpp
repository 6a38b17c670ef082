#include "rules/battery.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/working_payload.h"

namespace rtbridge {
namespace {

std::vector<JsonPath> paths_of(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

std::optional<double> seconds_for(double part, double per_hour) {
    constexpr double year_s = 365.0 * 24 * 3600;
    const double seconds = part / per_hour * 3600;
    if (!(seconds >= 0 && seconds <= year_s)) return std::nullopt;
    return seconds;
}

}  // namespace

std::string_view to_text(BatteryState state) {
    switch (state) {
        case BatteryState::Charging:
            return "Charging";
        case BatteryState::Discharging:
            return "Discharging";
        case BatteryState::Idle:
            break;
    }
    return "Idle";
}

std::optional<double> BatteryReading::c_rate() const {
    if (!per_hour) return std::nullopt;
    return std::abs(*per_hour);
}

std::optional<double> BatteryReading::time_to_full_s() const {
    if (!per_hour || !percent || state != BatteryState::Charging) return std::nullopt;
    return seconds_for(std::max(100 - *percent, 0.0) / 100, *per_hour);
}

std::optional<double> BatteryReading::time_to_empty_s() const {
    if (!per_hour || !percent || state != BatteryState::Discharging) return std::nullopt;
    return seconds_for(std::max(*percent, 0.0) / 100, -*per_hour);
}

Battery::Battery(const BatteryConfig& config, const std::vector<FieldConfig>& fields)
    : config_(config),
      power_(config.power, fields),
      voltage_(quantity(config.voltage, config.units.voltage, fields)),
      current_(quantity(config.current, config.units.current, fields)),
      capacity_(quantity(config.capacity, config.units.capacity, fields)),
      cells_(paths_of(config.cells)),
      temperatures_(paths_of(config.temperatures)) {
    // The usual rule wants nothing but the state.
    if (config.adds(BatteryValue::TimeTo) || config.adds(BatteryValue::Quality)) {
        percent_ = quantity(config.percent, config.units.percent, fields);
    }
    if (!config.time.empty()) time_.emplace(config.time, fields, PayloadNumber::As::Time);
}

std::optional<Battery::Quantity> Battery::quantity(const std::string& path, double factor,
                                                   const std::vector<FieldConfig>& fields) {
    if (path.empty()) return std::nullopt;
    return Quantity{PayloadNumber(path, fields), factor};
}

std::optional<double> Battery::read(const std::optional<Quantity>& quantity,
                                    WorkingPayload& payload) {
    if (!quantity) return std::nullopt;
    const Result<double, Invalidity> number = quantity->number.read(payload);
    if (!number.ok() || !std::isfinite(number.value())) return std::nullopt;
    return number.value() * quantity->factor;
}

Result<BatteryReading, Invalidity> Battery::read(WorkingPayload& payload) const {
    BatteryReading reading;
    const double sign = config_.positive == PowerSign::PositiveIsDischarging ? -1 : 1;
    const std::optional<double> voltage_v = read(voltage_, payload);
    reading.current_a = read(current_, payload);
    if (reading.current_a) *reading.current_a *= sign;
    const Result<double, Invalidity> power = power_.read(payload);
    if (power.ok()) {
        reading.power_w = sign * power.value() * config_.units.power;
    } else if (power.error().reason == InvalidReason::Missing && voltage_v && reading.current_a) {
        reading.power_w = *voltage_v * *reading.current_a;
    } else {
        return Failure{power.error()};
    }
    // Compared in the unit that both are given in.
    const double signed_power =
        power.ok() ? sign * power.value() : reading.power_w / config_.units.power;
    reading.state = signed_power > config_.idle_below    ? BatteryState::Charging
                    : signed_power < -config_.idle_below ? BatteryState::Discharging
                                                         : BatteryState::Idle;
    // Far beyond any battery, and far from what sums cannot hold.
    constexpr double power_max_w = 1e15;
    reading.power_w = std::clamp(reading.power_w, -power_max_w, power_max_w);
    reading.percent = read(percent_, payload);
    reading.per_hour = part_per_hour(reading, voltage_v, payload);
    reading.cell_delta_mv = spread(cells_, payload);
    if (reading.cell_delta_mv) *reading.cell_delta_mv *= config_.units.cells;
    reading.temp_spread_c = spread(temperatures_, payload);
    if (time_) {
        const Result<double, Invalidity> seconds = time_->read(payload);
        constexpr double last_second = 1e11;
        if (seconds.ok() && seconds.value() >= 0 && seconds.value() <= last_second) {
            reading.unix_ms = std::llround(seconds.value() * 1000);
        }
    }
    return reading;
}

std::optional<double> Battery::part_per_hour(const BatteryReading& reading,
                                             std::optional<double> voltage_v,
                                             WorkingPayload& payload) const {
    std::optional<double> capacity = read(capacity_, payload);
    if (!capacity_ && config_.capacity_number > 0) {
        capacity = config_.capacity_number * config_.units.capacity;
    }
    if (!capacity || *capacity <= 0) return std::nullopt;
    if (!config_.capacity_in_ah) return reading.power_w / *capacity;
    if (reading.current_a) return *reading.current_a / *capacity;
    if (voltage_v && *voltage_v > 0) return reading.power_w / (*voltage_v * *capacity);
    return std::nullopt;
}

std::optional<double> Battery::spread(const std::vector<JsonPath>& paths, WorkingPayload& payload) {
    double lowest = std::numeric_limits<double>::infinity();
    double highest = -lowest;
    std::size_t count = 0;
    const auto take = [&](const JsonDocument::Element& element) {
        double number = 0;
        if (element.get(number) != simdjson::SUCCESS) return;
        lowest = std::min(lowest, number);
        highest = std::max(highest, number);
        ++count;
    };
    for (const JsonPath& path : paths) {
        const std::optional<WorkingPayload::Value> value = payload.find(path);
        if (!value) continue;
        if (!value->element.is_array()) {
            take(value->element);
            continue;
        }
        for (const JsonDocument::Element item : simdjson::dom::array(value->element)) take(item);
    }
    if (count < 2) return std::nullopt;
    return highest - lowest;
}

}  // namespace rtbridge
