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
#include "handoff/metrics.h"
#include "handoff/update.h"

namespace rtbridge {

// How many topics and keys the gates of a listener may remember together: every subscription may
// ask for a rate of its own, and then has a gate of its own.
//
// Thread: listener.
class PacingBudget {
public:
    static constexpr std::size_t slots_max_default = 262'144;  // some 200 bytes each

    explicit PacingBudget(Metrics& metrics, std::size_t slots_max = slots_max_default)
        : metrics_(metrics), slots_max_(slots_max) {}

    [[nodiscard]] bool full() const noexcept { return used_ >= slots_max_; }
    void take(std::size_t slots) noexcept { used_ += slots; }
    void give_back(std::size_t slots) noexcept { used_ -= slots; }
    // An update passed because there was no room for it.
    void count_passed() noexcept { metrics_.hit(Limit::Pacing); }

private:
    Metrics& metrics_;
    const std::size_t slots_max_;
    std::size_t used_ = 0;
};

// Lets one update per topic and key pass in each interval. The newest of those that came too early
// waits and passes when its time has come, so that the last value is never lost.
//
// Thread: listener. Bounded by the limit "pacing": beyond slots_max topics and keys within an
// interval, or where the budget is used up, updates pass.
class RateGate {
public:
    static constexpr std::size_t slots_max = 65'536;

    // REQUIRES: interval > 0. The budget outlives the gate.
    RateGate(std::chrono::nanoseconds interval, PacingBudget& budget)
        : interval_(interval), budget_(budget) {}
    RateGate(const RateGate&) = delete;
    RateGate& operator=(const RateGate&) = delete;
    ~RateGate() { budget_.give_back(slots_.size()); }

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
    // wait; whatever the budget says, as the other is about to go. REQUIRES: nothing was offered to
    // this one.
    void go_on_from(const RateGate& other, const std::function<bool(const Update&)>& wanted);
    // When the next one's time comes; nothing: none waits.
    [[nodiscard]] std::optional<SteadyTime> next_release() const;

private:
    struct Slot {
        SteadyTime open_at{};
        UpdatePtr waiting = nullptr;
    };
    void make_room(SteadyTime now);

    std::chrono::nanoseconds interval_;
    PacingBudget& budget_;
    std::unordered_map<std::string, Slot> slots_;
    std::multimap<SteadyTime, Slot*> waiting_;  // by Slot::open_at
    SteadyTime next_sweep_{};
};

}  // namespace rtbridge
