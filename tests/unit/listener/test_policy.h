#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "access/policy.h"
#include "config/config_loader.h"
#include "listener/session_access.h"

namespace rtbridge {

// The policy that a configuration file with this text stands for.
inline std::shared_ptr<const Policy> policy_of(const std::string& toml) {
    Diagnostics diagnostics;
    const auto config = parse_config("version = 1\n" + toml, "test.toml", diagnostics);
    auto policy = config ? Policy::compile(*config, diagnostics) : nullptr;
    EXPECT_FALSE(diagnostics.has_errors()) << toml;
    return policy;
}

// Who may do everything, as without [auth] and [acl].
inline SessionAccessPtr unlimited_access() {
    static const std::shared_ptr<const Policy> policy = policy_of("");
    auto access = std::make_shared<SessionAccess>();
    access->visitor.identity.address = "127.0.0.1";
    access->grants = policy->grants(access->identity());
    return access;
}

inline Identity user_named(std::string user, std::vector<std::string> roles = {}) {
    Identity identity;
    identity.user = std::move(user);
    identity.roles = std::move(roles);
    identity.address = "127.0.0.1";
    return identity;
}

inline SessionAccessPtr access_of(Identity identity, const Policy& policy) {
    auto grants = policy.grants(identity);
    return std::make_shared<const SessionAccess>(
        SessionAccess{{std::move(identity), 0}, std::move(grants)});
}

}  // namespace rtbridge
