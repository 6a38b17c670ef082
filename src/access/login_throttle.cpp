#include "access/login_throttle.h"

#include <arpa/inet.h>

#include <algorithm>

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds window = 1min;
constexpr std::chrono::milliseconds first_wait = 1s;

// What counts as one place.
std::string place_of(std::string_view address) {
    constexpr std::size_t network_bytes = 8;  // a /64
    std::string text(address);
    in6_addr v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
    const auto* const bytes = reinterpret_cast<const char*>(v6.s6_addr);
    if (!IN6_IS_ADDR_V4MAPPED(&v6)) return std::string("v6:").append(bytes, network_bytes);
    char v4[INET_ADDRSTRLEN] = {};
    return inet_ntop(AF_INET, bytes + 12, v4, sizeof v4) != nullptr ? std::string(v4) : text;
}

}  // namespace

std::chrono::milliseconds LoginThrottle::wait(std::string_view address, SteadyTime now) {
    const std::string place = place_of(address);
    const std::lock_guard lock(mutex_);
    const auto found = addresses_.find(place);
    if (found == addresses_.end() || now >= found->second->wait_until) return 0ms;
    return std::chrono::ceil<std::chrono::milliseconds>(found->second->wait_until - now);
}

LoginThrottle::Position LoginThrottle::find_or_add(const std::string& address, SteadyTime now) {
    const auto found = addresses_.find(address);
    if (found != addresses_.end()) {
        failures_.splice(failures_.end(), failures_, found->second);
        return found->second;
    }
    if (addresses_.size() == addresses_max) {
        addresses_.erase(failures_.front().address);
        failures_.pop_front();
    }
    failures_.push_back({.address = address, .window_start = now, .wait_until = now});
    return addresses_[address] = std::prev(failures_.end());
}

void LoginThrottle::failed(std::string_view address, std::uint32_t per_minute, SteadyTime now) {
    const std::string place = place_of(address);
    const std::lock_guard lock(mutex_);
    Failures& failures = *find_or_add(place, now);
    // Whoever waits for the end of a wait and goes on guessing is not new.
    const bool quiet = now - std::max(failures.window_start, failures.wait_until) >= window;
    if (quiet) {
        failures.window_start = now;
        failures.in_window = 0;
        failures.wait = 0ms;
    }
    if (failures.in_window < per_minute) ++failures.in_window;
    if (failures.in_window < per_minute) return;
    const std::chrono::milliseconds longest = wait_max;
    failures.wait = failures.wait == 0ms ? first_wait : std::min(failures.wait * 2, longest);
    failures.wait_until = now + failures.wait;
}

void LoginThrottle::succeeded(std::string_view address) {
    const std::string place = place_of(address);
    const std::lock_guard lock(mutex_);
    const auto found = addresses_.find(place);
    if (found != addresses_.end()) found->second->wait = 0ms;
}

}  // namespace rtbridge
