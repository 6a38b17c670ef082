#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/password_hash.h"
#include "config/diagnostic.h"

namespace rtbridge {

// Users and their stored passwords, a line "user:hash" each; blank lines and lines that begin with
// '#' mean nothing.
//
// Thread: any; immutable.
class PasswordFile {
public:
    // Nothing where `diagnostics` got an error. Checks a password of each kind to measure cost().
    [[nodiscard]] static std::optional<PasswordFile> load(const Placed<std::string>& path,
                                                          Diagnostics& diagnostics);

    // Takes as long for unknown users as for those whose check takes longest.
    [[nodiscard]] bool matches(std::string_view user, std::string_view password) const;
    // Changes when the stored password does. 0: no such user.
    [[nodiscard]] std::uint64_t record(std::string_view user) const;

    // CPU time of the check that takes longest, and whose it is.
    [[nodiscard]] std::chrono::nanoseconds cost() const { return cost_; }
    // As in "line 3 (PBKDF2 with 100000 rounds)". REQUIRES: cost() > 0.
    [[nodiscard]] std::string costliest() const;

private:
    struct User {
        PasswordHash hash;
        std::uint64_t record = 0;
        std::size_t line = 0;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    // What is wrong with a line; empty: nothing.
    [[nodiscard]] std::string add(std::string_view line, std::size_t number);
    void measure();

    std::unordered_map<std::string, User, Hash, std::equal_to<>> users_;
    const User* costliest_ =
        nullptr;  // in users_, whose elements stay where they are when it moves
    std::chrono::nanoseconds cost_{0};
};

}  // namespace rtbridge
