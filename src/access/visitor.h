#pragma once

#include <cstdint>
#include <optional>

#include "access/authenticator.h"
#include "access/identity.h"

namespace rtbridge {

// A browser's identity and by what it was proven. Thread: any; a value.
struct Visitor {
    Identity identity;
    // Authenticator::password_record() when the password was checked; 0: a token, or nobody asked.
    std::uint64_t password_record = 0;

    [[nodiscard]] bool anonymous() const { return identity.user.empty(); }
    friend bool operator==(const Visitor&, const Visitor&) = default;
};

// The same visitor as `authenticator` sees it: after a reload, or when a ticket or cookie is shown
// that was given out earlier. Nothing: not let in any more, because the password changed, the user
// is gone, no issuer of tokens is left, or nobody gets in without logging in.
[[nodiscard]] std::optional<Visitor> renewed(const Visitor& visitor,
                                             const Authenticator& authenticator);

}  // namespace rtbridge
