#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/thread_role.h"

namespace rtbridge {

// Remembers for a few minutes which passwords were right, because `Authorization: Basic` comes with
// every request and its check is made to be slow. Keeps no password: keyed hashes, whose key exists
// in this process only. A changed password record makes what was remembered useless.
//
// Thread: listener. Bounded: a full cache starts over.
class PasswordCache {
public:
    static constexpr std::chrono::minutes lifetime{5};
    static constexpr std::size_t entries_max = 1024;

    PasswordCache();

    void remember(std::string_view user, std::string_view password, std::uint64_t password_record,
                  SteadyTime now) ON_LISTENER_THREAD;
    [[nodiscard]] bool knows(std::string_view user, std::string_view password,
                             std::uint64_t password_record, SteadyTime now) ON_LISTENER_THREAD;

private:
    // Empty where OpenSSL fails: then nothing is remembered.
    [[nodiscard]] std::string hash(std::string_view user, std::string_view password,
                                   std::uint64_t password_record) const;

    std::array<unsigned char, 32> key_{};
    bool usable_ = false;
    std::unordered_map<std::string, SteadyTime> until_;  // by hash
};

}  // namespace rtbridge
