#pragma once

#include <atomic>
#include <cstdint>

#include "handoff/address_counts.h"

namespace rtbridge {

// The connections of all listeners together, so that their limits are limits of the process.
//
// Thread: any. Outlives the listeners.
class SharedConnections {
public:
    // `room`: how many the process's file limit leaves for browsers.
    explicit SharedConnections(std::uint32_t room) : room_(room) {}

    // How many there are with this one; the caller owes a leave().
    [[nodiscard]] std::uint32_t enter() noexcept {
        return open_.fetch_add(1, std::memory_order_relaxed) + 1;
    }
    void leave() noexcept { open_.fetch_sub(1, std::memory_order_relaxed); }

    [[nodiscard]] std::uint32_t room() const noexcept { return room_; }
    [[nodiscard]] AddressCounts& addresses() noexcept { return addresses_; }

    // Sessions that live longer than a connection, as those of Socket.IO on polling: likewise.
    [[nodiscard]] std::uint32_t enter_session() noexcept {
        return sessions_.fetch_add(1, std::memory_order_relaxed) + 1;
    }
    void leave_session() noexcept { sessions_.fetch_sub(1, std::memory_order_relaxed); }
    [[nodiscard]] AddressCounts& session_addresses() noexcept { return session_addresses_; }

private:
    const std::uint32_t room_;
    std::atomic<std::uint32_t> open_{0};
    AddressCounts addresses_;
    std::atomic<std::uint32_t> sessions_{0};
    AddressCounts session_addresses_;
};

}  // namespace rtbridge
