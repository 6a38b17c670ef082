#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rtbridge {

// How many connections each client address has, with all listeners together. Its lock is held for
// one look-up, when a connection comes or goes.
//
// Thread: any. Outlives what it counts.
class AddressCounts {
    using Counts = std::unordered_map<std::string, std::uint32_t>;

public:
    // One connection in the count of its address, until it goes. Empty: counts nowhere.
    class Share {
    public:
        Share() = default;
        Share(Share&& other) noexcept { *this = std::move(other); }
        Share& operator=(Share&& other) noexcept {
            std::swap(counts_, other.counts_);
            std::swap(entry_, other.entry_);
            std::swap(with_it_, other.with_it_);
            return *this;
        }
        ~Share() {
            if (counts_ != nullptr) counts_->give_back(entry_->first);
        }
        [[nodiscard]] std::string_view address() const {
            return counts_ != nullptr ? std::string_view(entry_->first) : std::string_view();
        }
        // How many connections the address had when this one came, itself included.
        [[nodiscard]] std::uint32_t with_it() const { return with_it_; }

    private:
        friend class AddressCounts;
        AddressCounts* counts_ = nullptr;
        const Counts::value_type* entry_ = nullptr;  // stays where it is while it is counted
        std::uint32_t with_it_ = 0;
    };

    [[nodiscard]] Share take(const std::string& address) {
        const std::lock_guard lock(mutex_);
        Counts::value_type& entry = *counts_.try_emplace(address, 0).first;
        Share share;
        share.counts_ = this;
        share.entry_ = &entry;
        share.with_it_ = ++entry.second;
        return share;
    }

private:
    void give_back(const std::string& address) {
        const std::lock_guard lock(mutex_);
        const auto found = counts_.find(address);
        if (found != counts_.end() && --found->second == 0) counts_.erase(found);
    }
    std::mutex mutex_;
    Counts counts_;  // guarded by mutex_
};

}  // namespace rtbridge
