#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace rtbridge {

// Passwords that were right a moment ago, so that a client that comes back, or that the broker asks
// about again at a reload, does not cost another slow hash. Kept as HMAC-SHA-256 under a key of
// this object, together with the password record: a changed password is not found any more.
//
// Thread: one at a time. Bounded: what expires first is forgotten.
class LoginCache {
public:
    static constexpr std::size_t entries_max = 10'000;
    static constexpr std::chrono::minutes lifetime{5};

    LoginCache();

    // `record`: Authenticator::password_record(user). A hit lives on for another `lifetime`.
    [[nodiscard]] bool contains(std::string_view user, std::string_view password,
                                std::uint64_t record, SteadyTime now);
    void add(std::string_view user, std::string_view password, std::uint64_t record,
             SteadyTime now);

private:
    using Digest = std::array<std::uint8_t, 32>;
    // Nothing: OpenSSL could not make one.
    [[nodiscard]] std::optional<Digest> digest(std::string_view user, std::string_view password,
                                               std::uint64_t record) const;

    Digest key_{};
    bool usable_ = false;  // there was randomness for the key
    std::map<Digest, SteadyTime> expires_;
    std::multimap<SteadyTime, Digest> by_expiry_;
};

}  // namespace rtbridge
