#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rtbridge {

// How many connections each client address has. Thread: listener; outlives what it counts.
class AddressCounts {
public:
    // One connection in the count of its address, until it goes. Empty: counts nowhere.
    class Share {
    public:
        Share() = default;
        Share(Share&& other) noexcept { *this = std::move(other); }
        Share& operator=(Share&& other) noexcept {
            std::swap(counts_, other.counts_);
            std::swap(address_, other.address_);
            return *this;
        }
        ~Share() {
            if (counts_ != nullptr) counts_->give_back(address_);
        }
        [[nodiscard]] std::string_view address() const { return address_; }

    private:
        friend class AddressCounts;
        Share(AddressCounts& counts, std::string address)
            : counts_(&counts), address_(std::move(address)) {}
        AddressCounts* counts_ = nullptr;
        std::string address_;
    };

    [[nodiscard]] Share take(std::string address) {
        ++counts_[address];
        return {*this, std::move(address)};
    }
    [[nodiscard]] std::uint32_t count(const std::string& address) const {
        const auto found = counts_.find(address);
        return found == counts_.end() ? 0 : found->second;
    }

private:
    void give_back(const std::string& address) {
        const auto found = counts_.find(address);
        if (found != counts_.end() && --found->second == 0) counts_.erase(found);
    }
    std::unordered_map<std::string, std::uint32_t> counts_;
};

}  // namespace rtbridge
