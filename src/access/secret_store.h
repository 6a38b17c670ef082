#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/identity.h"
#include "base/clock.h"

namespace rtbridge {

// Secrets that we gave out and that stand for an identity: tickets (once, 30 s) and the cookies of
// logins by password. 256 random bits each, kept as their SHA-256.
//
// Thread: any. Bounded: a full store forgets what expires first.
class SecretStore {
public:
    struct Issued {
        Identity identity;
        std::uint64_t password_record =
            0;  // Authenticator::password_record() at login; 0: a token's
    };
    SecretStore(std::chrono::seconds lifetime, std::size_t count_max);

    // URL-safe text, 43 characters. Empty: no randomness to be had.
    [[nodiscard]] std::string issue(Issued issued, SteadyTime now);
    [[nodiscard]] std::optional<Issued> find(std::string_view secret, SteadyTime now);
    // The same, and it is not valid any more.
    [[nodiscard]] std::optional<Issued> redeem(std::string_view secret, SteadyTime now);
    [[nodiscard]] std::chrono::seconds lifetime() const { return lifetime_; }

private:
    struct Entry {
        std::string hash;  // as in by_hash_
        Issued issued;
        SteadyTime expires;
    };
    using Position = std::list<Entry>::iterator;
    // end() of entries_: unknown, or expired.
    [[nodiscard]] Position valid_entry(std::string_view secret, SteadyTime now);
    void forget(Position entry);

    const std::chrono::seconds lifetime_;
    const std::size_t count_max_;
    std::mutex mutex_;
    std::list<Entry> entries_;  // what expires first comes first
    std::unordered_map<std::string, Position> by_hash_;
};

}  // namespace rtbridge
