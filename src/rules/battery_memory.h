#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "rules/battery.h"

namespace rtbridge {

// What becomes of the readings of one battery over time. Time is that of the readings where they
// have one, else when they arrived. A reading that is not later than the one before, as the broker
// shows a re-sent message, changes nothing; a clock that was set back by more than `gap` begins
// anew.
//
// Thread: belongs to one.
class BatteryMemory {
public:
    struct Values {
        BatteryState state = BatteryState::Idle;  // that lasts for `hold`
        double energy_in_wh = 0;
        double energy_out_wh = 0;
        std::vector<std::string_view> quality;  // what is wrong with the readings
    };

    // `now_unix_ms`: when the reading arrived.
    void take(const BatteryReading& reading, std::int64_t now_unix_ms, const BatteryConfig& config);
    [[nodiscard]] const Values& values() const { return values_; }

private:
    struct Last {
        std::int64_t unix_ms = 0;
        BatteryReading reading;
    };

    void count_energy(double before_w, double after_w, double hours);
    void follow_state(BatteryState state, std::int64_t unix_ms, const BatteryConfig& config);
    void judge(const BatteryReading& reading, std::int64_t unix_ms, bool within_gap,
               const BatteryConfig& config);

    std::optional<Last> last_;
    BatteryState state_ = BatteryState::Idle;  // of the readings
    std::int64_t state_since_ms_ = 0;
    std::int64_t changed_ms_ = 0;  // when a reading differed from the one before
    Values values_;
};

}  // namespace rtbridge
