#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace rtbridge {

// Slows down guessing: an address that failed limits.logins_per_minute times within a minute has to
// wait, first a second, then twice as long with each further failure, up to 5 minutes. Shared by
// MQTT clients and browsers, so that nobody gets two budgets.
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
    void succeeded(std::string_view address);

private:
    struct Failures { int n = 0; };
    std::mutex mutex_;
    std::unordered_map<std::string, Failures> failures_;
};

}  // namespace rtbridge
