#pragma once

#include <chrono>

#include "access/login_throttle.h"
#include "access/secret_store.h"

namespace rtbridge {

// What outlives a reload and is one for all listeners and for MQTT clients: how often an address
// failed, and the secrets that stand for someone who logged in. Thread: any.
struct SharedLogins {
    static constexpr std::chrono::hours login_lifetime{12};
    static constexpr std::chrono::seconds ticket_lifetime{30};

    LoginThrottle throttle;
    SecretStore logins{login_lifetime, 100'000};  // cookies of logins by password
    SecretStore tickets{ticket_lifetime, 10'000};
};

}  // namespace rtbridge
