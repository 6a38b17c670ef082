#include "listener/rate_gate.h"

#include <algorithm>

namespace rtbridge {
namespace {

// Looks at all slots.
constexpr std::chrono::milliseconds sweep_interval_min{100};

// No topic or key holds a NUL (MQTT 5, 1.5.4; keys are refused that hold one).
std::string slot_of(const Update& update) {
    std::string slot = update.topic;
    slot.append(1, '\0').append(update.key_name).append(1, '\0').append(update.key);
    if (update.variant > 0) slot.append(1, '\0').append(std::to_string(update.variant));
    return slot;
}

}  // namespace

RateGate::Offered RateGate::offer(const UpdatePtr& update, SteadyTime now) {
    std::string name = slot_of(*update);
    const auto known = slots_.find(name);
    if (known == slots_.end()) {
        if (slots_.size() >= slots_max || budget_.full()) make_room(now);
        if (slots_.size() < slots_max && !budget_.full()) {
            slots_.emplace(std::move(name), Slot{now + interval_, nullptr});
            budget_.take(1);
        } else {
            budget_.count_passed();
        }
        return {true, nullptr};
    }
    Slot& slot = known->second;
    if (slot.waiting == nullptr && slot.open_at <= now) {
        slot.open_at = now + interval_;
        return {true, nullptr};
    }
    if (slot.waiting == nullptr) waiting_.emplace(slot.open_at, &slot);
    return {false, std::exchange(slot.waiting, update)};
}

void RateGate::make_room(SteadyTime now) {
    if (now < next_sweep_) return;
    next_sweep_ = now + std::max<std::chrono::nanoseconds>(interval_, sweep_interval_min);
    budget_.give_back(std::erase_if(slots_, [now](const auto& slot) {
        return slot.second.waiting == nullptr && slot.second.open_at <= now;
    }));
}

std::vector<UpdatePtr> RateGate::release(SteadyTime now) {
    std::vector<UpdatePtr> released;
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
        Slot& slot = *waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        released.push_back(std::exchange(slot.waiting, nullptr));
        slot.open_at = now + interval_;
    }
    sort_by_offset(released);
    return released;
}

std::vector<UpdatePtr> RateGate::waiting() const {
    std::vector<UpdatePtr> updates;
    for (const auto& [due, slot] : waiting_) updates.push_back(slot->waiting);
    sort_by_offset(updates);
    return updates;
}

bool RateGate::holds(const Update& update) const {
    const auto known = slots_.find(slot_of(update));
    return known != slots_.end() && known->second.waiting != nullptr &&
           known->second.waiting->offset == update.offset;
}

void RateGate::go_on_from(const RateGate& other, const std::function<bool(const Update&)>& wanted) {
    budget_.take(other.slots_.size());
    for (const auto& [name, slot] : other.slots_) {
        const bool waits = slot.waiting != nullptr && wanted(*slot.waiting);
        Slot& own = slots_[name] = {slot.open_at, waits ? slot.waiting : nullptr};
        if (waits) waiting_.emplace(own.open_at, &own);
    }
}

std::optional<SteadyTime> RateGate::next_release() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->first;
}

}  // namespace rtbridge
