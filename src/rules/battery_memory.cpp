#include "rules/battery_memory.h"

#include <cmath>

namespace rtbridge {
namespace {

bool same_figures(const BatteryReading& a, const BatteryReading& b) {
    return a.power_w == b.power_w && a.percent == b.percent && a.current_a == b.current_a &&
           a.cell_delta_mv == b.cell_delta_mv && a.temp_spread_c == b.temp_spread_c;
}

}  // namespace

void BatteryMemory::take(const BatteryReading& reading, std::int64_t now_unix_ms,
                         const BatteryConfig& config) {
    const std::int64_t unix_ms = reading.unix_ms.value_or(now_unix_ms);
    if (!last_) {
        values_.state = state_ = reading.state;
        state_since_ms_ = changed_ms_ = unix_ms;
        judge(reading, unix_ms, false, config);
        last_ = {unix_ms, reading};
        return;
    }
    const std::int64_t passed_ms = unix_ms - last_->unix_ms;
    if (passed_ms <= 0 && passed_ms >= -config.gap.count()) return;
    const bool within_gap = passed_ms > 0 && passed_ms <= config.gap.count();
    if (within_gap) {
        constexpr double ms_per_hour = 3'600'000;
        count_energy(last_->reading.power_w, reading.power_w,
                     static_cast<double>(passed_ms) / ms_per_hour);
    } else if (passed_ms < 0) {
        state_since_ms_ = changed_ms_ = unix_ms;
    }
    follow_state(reading.state, unix_ms, config);
    judge(reading, unix_ms, within_gap, config);
    last_ = {unix_ms, reading};
}

// The area below the line from one power to the next; where it crosses zero, two triangles.
void BatteryMemory::count_energy(double before_w, double after_w, double hours) {
    const auto count = [&](double wh) {
        (wh > 0 ? values_.energy_in_wh : values_.energy_out_wh) += std::abs(wh);
    };
    const bool crosses = (before_w > 0 && after_w < 0) || (before_w < 0 && after_w > 0);
    if (!crosses) return count((before_w + after_w) / 2 * hours);
    const double until_zero = hours * before_w / (before_w - after_w);
    count(before_w / 2 * until_zero);
    count(after_w / 2 * (hours - until_zero));
}

void BatteryMemory::follow_state(BatteryState state, std::int64_t unix_ms,
                                 const BatteryConfig& config) {
    if (state != state_) {
        state_ = state;
        state_since_ms_ = unix_ms;
    }
    if (unix_ms - state_since_ms_ >= config.hold.count()) values_.state = state_;
}

void BatteryMemory::judge(const BatteryReading& reading, std::int64_t unix_ms, bool within_gap,
                          const BatteryConfig& config) {
    values_.quality.clear();
    if (within_gap && reading.percent && last_->reading.percent &&
        std::abs(*reading.percent - *last_->reading.percent) > config.jump) {
        values_.quality.emplace_back("jump");
    }
    if (!last_ || !same_figures(reading, last_->reading)) changed_ms_ = unix_ms;
    // A battery at rest may look the same for days.
    if (reading.power_w != 0 && unix_ms - changed_ms_ >= config.frozen_after.count()) {
        values_.quality.emplace_back("frozen");
    }
    if (reading.current_a && reading.state != BatteryState::Idle &&
        ((reading.power_w > 0 && *reading.current_a < 0) ||
         (reading.power_w < 0 && *reading.current_a > 0))) {
        values_.quality.emplace_back("sign_mismatch");
    }
}

}  // namespace rtbridge
