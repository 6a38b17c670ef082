#include "listener/rate_gate.h"

#include <algorithm>

namespace rtbridge {
namespace {

// No topic or key holds a NUL (MQTT 5, 1.5.4; keys are refused that hold one).
std::string slot_of(const Update& update) {
    std::string slot = update.topic;
    slot.append(1, '\0').append(update.key_name).append(1, '\0').append(update.key);
    return slot;
}

}  // namespace

RateGate::Offered RateGate::offer(const UpdatePtr& update, SteadyTime now) {
    if (slots_.size() >= slots_max && now >= next_sweep_) {
        std::erase_if(slots_, [now](const auto& slot) {
            return slot.second.waiting == nullptr && slot.second.open_at <= now;
        });
        next_sweep_ = now + interval_;
    }
    const auto known = slots_.find(slot_of(*update));
    if (known == slots_.end()) {
        if (slots_.size() < slots_max) {
            slots_.emplace(slot_of(*update), Slot{now + interval_, nullptr});
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

std::vector<UpdatePtr> RateGate::release(SteadyTime now) {
    std::vector<UpdatePtr> released;
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
        Slot& slot = *waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        released.push_back(std::exchange(slot.waiting, nullptr));
        slot.open_at = now + interval_;
    }
    std::sort(released.begin(), released.end(),
              [](const UpdatePtr& a, const UpdatePtr& b) { return a->offset < b->offset; });
    return released;
}

std::optional<SteadyTime> RateGate::next_release() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->first;
}

}  // namespace rtbridge
