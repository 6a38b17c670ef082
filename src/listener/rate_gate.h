#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "handoff/update.h"

namespace rtbridge {

// Lets one update per topic and key pass in each interval. The newest of those that came too early
// waits and passes when its time has come, so that the last value is never lost.
//
// Thread: listener. Bounded: beyond slots_max topics and keys within an interval, updates pass.
class RateGate {
public:
    static constexpr std::size_t slots_max = 65'536;

    // REQUIRES: interval > 0.
    explicit RateGate(std::chrono::nanoseconds interval) : interval_(interval) {}

    struct Offered {
        bool passes = false;
        UpdatePtr superseded = nullptr;  // waited and never will pass
    };
    [[nodiscard]] Offered offer(const UpdatePtr& update, SteadyTime now);
    // Those whose time has come, in offset order.
    [[nodiscard]] std::vector<UpdatePtr> release(SteadyTime now);
    // Those whose time has not come, in offset order.
    [[nodiscard]] std::vector<UpdatePtr> waiting() const;
    [[nodiscard]] bool holds(const Update& update) const;
    // Goes on where a gate of the same interval is, but for what is not `wanted` of those that
    // wait. REQUIRES: nothing was offered to this one.
    void go_on_from(const RateGate& other, const std::function<bool(const Update&)>& wanted);
    // When the next one's time comes; nothing: none waits.
    [[nodiscard]] std::optional<SteadyTime> next_release() const;

private:
    struct Slot {
        SteadyTime open_at{};
        UpdatePtr waiting = nullptr;
    };
    std::chrono::nanoseconds interval_;
    std::unordered_map<std::string, Slot> slots_;
    std::multimap<SteadyTime, Slot*> waiting_;  // by Slot::open_at
    SteadyTime next_sweep_{};
};

}  // namespace rtbridge
