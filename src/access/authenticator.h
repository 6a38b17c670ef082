#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/identity.h"
#include "base/result.h"
#include "config/config.h"
#include "config/diagnostic.h"

namespace rtbridge {

inline constexpr std::size_t token_bytes_max = 8192;

enum class LoginError {
    BadCredentials,  // unknown user or wrong password, alike
    BadToken,        // malformed, wrong key, issuer, audience, ...
    TokenExpired,
    UnknownKey,  // the token's `kid` is in no key set: refresh_keys() may help
    TooCostly,   // the stored hash takes longer than the caller has
    NotInUse,    // no such means of login is configured
};

struct LoginFailure {
    LoginError error = LoginError::BadCredentials;
    std::string reason;  // for the log: says which check failed; never a secret or a token
};
using Login = Result<Identity, LoginFailure>;

// Proves who someone is, by the means that [auth] names: tokens, passwords, or nothing at all.
// Fills user, roles, claims and expiry of the identity; address and client are the caller's.
//
// Thread: any. Immutable but for the keys, which refresh_keys() swaps.
class Authenticator {
public:
    // Null where `diagnostics` got an error: an unreadable or broken key or password file is one.
    // Without [auth] nobody can log in and nobody is refused: anonymous() has an identity.
    [[nodiscard]] static std::shared_ptr<const Authenticator> create(const Config& config,
                                                                     Diagnostics& diagnostics);
    ~Authenticator();

    // A JWT (RFC 7519, RFC 8725). Takes some 0.1 ms, with ES384 and ES512 up to 1 ms per key tried.
    [[nodiscard]] Login by_token(std::string_view token, std::int64_t now_unix_s) const;

    // A user of passwords_file. Takes as long as its hash, and the same for unknown users. `most`:
    // TooCostly if checking this file's hashes takes longer.
    [[nodiscard]] Login by_password(
        std::string_view user, std::string_view password,
        std::chrono::milliseconds most = std::chrono::milliseconds::max()) const;
    // Whether any user's check would take longer than `most`.
    [[nodiscard]] bool costlier_than(std::chrono::milliseconds most) const;

    // Someone without credentials. Nothing: has to log in.
    [[nodiscard]] std::optional<Identity> anonymous() const;
    // Of a user whose name was proven elsewhere (the broker's own means): roles by [[auth.role]].
    [[nodiscard]] Identity named(std::string_view user) const;

    // Someone of by_token(), perhaps of a former configuration: the roles of the token stay, those
    // by [[auth.role]] are today's.
    [[nodiscard]] Identity with_todays_roles(Identity of_token) const;

    // Still who it was: the user of a password is still in the file with the same password record.
    // Tokens are valid by themselves. For logins and sessions that outlive a reload.
    [[nodiscard]] bool takes_tokens() const;
    [[nodiscard]] bool takes_passwords() const;
    // Stands for the password record of `user`; changes when the password does. 0: no such user.
    [[nodiscard]] std::uint64_t password_record(std::string_view user) const;

    // Reads the key files again if a token named an unknown key and the last reading is 10 s or
    // longer ago; not on the broker thread. A file that is broken now leaves the old keys in use;
    // the reason is returned.
    [[nodiscard]] bool keys_refresh_due(std::int64_t now_unix_s) const;
    [[nodiscard]] std::optional<std::string> refresh_keys(std::int64_t now_unix_s) const;

private:
    Authenticator();
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace rtbridge
