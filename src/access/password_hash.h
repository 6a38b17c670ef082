#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rtbridge {

// A stored password, in the formats of mosquitto_passwd:
// "$6$<salt>$<hash>" (SHA-512, once), "$7$<rounds>$<salt>$<hash>" (PBKDF2 with HMAC-SHA-512), and
// "$argon2id$v=19$m=<KiB>,t=<rounds>,p=<lanes>$<salt>$<hash>".
//
// Thread: any; a value.
class PasswordHash {
public:
    enum class Kind { Sha512, Pbkdf2, Argon2id };

    // Beyond these a single check takes a second and more, or more memory than a broker has to
    // spare.
    static constexpr std::uint32_t pbkdf2_rounds_max = 2'000'000;
    static constexpr std::uint32_t argon2_memory_kib_max = 256 * 1024;
    static constexpr std::uint32_t argon2_rounds_max = 16;
    static constexpr std::uint32_t argon2_lanes_max = 16;

    // The error says what is wrong and quotes nothing: the text may be a password in the clear.
    [[nodiscard]] static Result<PasswordHash, std::string> parse(std::string_view text);

    // With a new random salt. Nothing: no randomness to be had, or no memory.
    [[nodiscard]] static std::optional<PasswordHash> pbkdf2(std::string_view password,
                                                            std::uint32_t rounds);
    [[nodiscard]] static std::optional<PasswordHash> argon2id(std::string_view password);

    // Takes as long as the hash demands, whatever the outcome.
    [[nodiscard]] bool matches(std::string_view password) const;

    [[nodiscard]] std::string text() const;
    // As in "PBKDF2 with 1000 rounds".
    [[nodiscard]] std::string description() const;
    [[nodiscard]] Kind kind() const { return kind_; }
    // Grows with the time of a check; comparable within a kind.
    [[nodiscard]] std::uint64_t work() const;

private:
    // Empty: no memory.
    [[nodiscard]] std::string compute(std::string_view password) const;
    bool parse_fields(std::string_view fields);

    Kind kind_ = Kind::Sha512;
    std::uint32_t rounds_ = 1;
    std::uint32_t memory_kib_ = 0;  // argon2
    std::uint32_t lanes_ = 0;       // argon2
    std::string salt_;
    std::string hash_;
};

}  // namespace rtbridge
