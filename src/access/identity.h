#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rtbridge {

// Who an MQTT client or a browser session is. Thread: any; a value.
struct Identity {
    std::string user;                // empty: anonymous
    std::string client;              // MQTT client id; empty for a browser session
    std::string address;             // of the peer, without port; empty where the broker knows none
    std::vector<std::string> roles;  // ascending, each once
    std::vector<std::string> token_roles{};  // those of `roles` that the token names
    // Of the token: strings as they are, numbers and booleans as JSON writes them; others are left
    // out.
    std::map<std::string, std::string, std::less<>> claims;
    std::optional<std::int64_t> expires_unix_s;  // of the token, its issuer's leeway included

    friend bool operator==(const Identity&, const Identity&) = default;
};

}  // namespace rtbridge
