#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace rtbridge {

// Slows down guessing: an address that failed limits.logins_per_minute times within a minute has to
// wait, first a second, then twice as long with each further failure, up to 5 minutes. Shared by
// MQTT clients and browsers, so that nobody gets two budgets. An IPv6 address stands for its /64,
// within which one machine may choose addresses freely.
//
// Thread: any; its lock is held for a look-up, never for a password check. Bounded: the addresses
// whose last failure is oldest are forgotten.
class LoginThrottle {
public:
    static constexpr std::size_t addresses_max = 10'000;
    static constexpr std::chrono::minutes wait_max{5};

    // How long `address` still has to wait before its next try; zero: go on.
    [[nodiscard]] std::chrono::milliseconds wait(std::string_view address, SteadyTime now);
    void failed(std::string_view address, std::uint32_t per_minute, SteadyTime now);
    // The next wait is a second again. The failures of the minute still count, or everyone with an
    // account of their own could guess without end.
    void succeeded(std::string_view address);

private:
    struct Failures {
        std::string address;  // as in addresses_
        SteadyTime window_start;
        std::uint32_t in_window = 0;
        std::chrono::milliseconds wait{0};  // the last one
        SteadyTime wait_until;
    };
    using Position = std::list<Failures>::iterator;
    [[nodiscard]] Position find_or_add(const std::string& address, SteadyTime now);

    std::mutex mutex_;
    std::list<Failures> failures_;  // the one that failed last comes last
    std::unordered_map<std::string, Position> addresses_;
};

}  // namespace rtbridge
