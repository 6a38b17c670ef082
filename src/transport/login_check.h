#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "access/authenticator.h"

namespace rtbridge {

// What came out of a LoginCheck.
struct CheckedLogin {
    Login login;
    std::uint64_t password_record = 0;       // of a password that was right
    std::optional<std::string> key_mistake;  // why key files could not be read again
};

// A check that takes too long for the listener's loop: a password, or a token whose key may have
// come since the key files were read. Thread: run() on any; a value.
struct LoginCheck {
    enum class Means { Password, TokenAfterRefresh };
    Means means = Means::Password;
    std::string user;    // of Password only
    std::string secret;  // the password or the token
    std::shared_ptr<const Authenticator> authenticator;
    std::int64_t now_unix_s = 0;

    [[nodiscard]] CheckedLogin run() const;
};

}  // namespace rtbridge
