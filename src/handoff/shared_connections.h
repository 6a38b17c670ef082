#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

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

    // An MQTT tunnel has two sockets more than its browser's: towards the broker, and the broker's.
    [[nodiscard]] bool tunnel_fits() const noexcept {
        return open_.load(std::memory_order_relaxed) + sockets_per_tunnel <= room();
    }
    // Those of one tunnel, given back at its end.
    class TunnelSockets {
    public:
        TunnelSockets() = default;
        TunnelSockets(TunnelSockets&& other) noexcept
            : connections_(std::exchange(other.connections_, nullptr)) {}
        TunnelSockets& operator=(TunnelSockets&& other) noexcept {
            std::swap(connections_, other.connections_);
            return *this;
        }
        ~TunnelSockets() {
            if (connections_ == nullptr) return;
            connections_->tunnels_.fetch_sub(1, std::memory_order_relaxed);
        }

    private:
        friend class SharedConnections;
        SharedConnections* connections_ = nullptr;
    };
    [[nodiscard]] TunnelSockets enter_tunnel() noexcept {
        tunnels_.fetch_add(1, std::memory_order_relaxed);
        TunnelSockets sockets;
        sockets.connections_ = this;
        return sockets;
    }

    // What is left of it for connections of browsers.
    [[nodiscard]] std::uint32_t room() const noexcept {
        const std::uint32_t taken = sockets_per_tunnel * tunnels_.load(std::memory_order_relaxed);
        return room_ > taken ? room_ - taken : 0;
    }
    [[nodiscard]] AddressCounts& addresses() noexcept { return addresses_; }

    // Sessions that live longer than a connection, as those of Socket.IO on polling: likewise.
    [[nodiscard]] std::uint32_t enter_session() noexcept {
        return sessions_.fetch_add(1, std::memory_order_relaxed) + 1;
    }
    void leave_session() noexcept { sessions_.fetch_sub(1, std::memory_order_relaxed); }
    [[nodiscard]] AddressCounts& session_addresses() noexcept { return session_addresses_; }

private:
    static constexpr std::uint32_t sockets_per_tunnel = 2;

    const std::uint32_t room_;
    std::atomic<std::uint32_t> open_{0};
    std::atomic<std::uint32_t> tunnels_{0};
    AddressCounts addresses_;
    std::atomic<std::uint32_t> sessions_{0};
    AddressCounts session_addresses_;
};

}  // namespace rtbridge
