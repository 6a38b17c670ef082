#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "handoff/update.h"

namespace rtbridge {

// How much memory sessions that are catching up may keep alive together. What they were promised
// stays in memory until it is sent, whatever history forgets meanwhile.
//
// Thread: listener.
class RecoveryBudget {
public:
    [[nodiscard]] bool take(std::size_t bytes, std::size_t bytes_max) noexcept {
        if (bytes > bytes_max || used_ > bytes_max - bytes) return false;
        used_ += bytes;
        return true;
    }
    void give_back(std::size_t bytes) noexcept { used_ -= bytes; }
    [[nodiscard]] std::size_t used() const noexcept { return used_; }

private:
    std::size_t used_ = 0;
};

// Everything that a subscription missed, in offset order, and its share of the budget.
class MissedUpdates {
public:
    // REQUIRES: `bytes` have been taken from `budget`, which outlives this.
    MissedUpdates(std::vector<UpdatePtr> updates, std::size_t bytes, RecoveryBudget& budget)
        : updates_(std::move(updates)), bytes_(bytes), budget_(&budget) {}
    MissedUpdates(MissedUpdates&& other) noexcept
        : updates_(std::move(other.updates_)),
          bytes_(std::exchange(other.bytes_, 0)),
          budget_(other.budget_) {}
    MissedUpdates& operator=(MissedUpdates&&) = delete;
    ~MissedUpdates() { budget_->give_back(bytes_); }

    [[nodiscard]] const std::vector<UpdatePtr>& updates() const { return updates_; }

private:
    std::vector<UpdatePtr> updates_;
    std::size_t bytes_;
    RecoveryBudget* budget_;
};

}  // namespace rtbridge
