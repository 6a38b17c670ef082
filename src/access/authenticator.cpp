#include "access/authenticator.h"

namespace rtbridge {

struct Authenticator::State {
    std::optional<AuthConfig> auth;
};

Authenticator::Authenticator() : state_(std::make_unique<State>()) {}
Authenticator::~Authenticator() = default;

std::shared_ptr<const Authenticator> Authenticator::create(const Config& config,
                                                           Diagnostics& /*diagnostics*/) {
    auto authenticator = std::shared_ptr<Authenticator>(new Authenticator);
    authenticator->state_->auth = config.auth;
    return authenticator;
}

Login Authenticator::by_token(std::string_view, std::int64_t) const {
    return Failure{LoginFailure{LoginError::NotInUse, ""}};
}
Login Authenticator::by_password(std::string_view, std::string_view,
                                 std::chrono::milliseconds) const {
    return Failure{LoginFailure{LoginError::NotInUse, ""}};
}
bool Authenticator::costlier_than(std::chrono::milliseconds) const {
    return false;
}
std::optional<Identity> Authenticator::anonymous() const {
    Identity identity;
    if (!state_->auth) return identity;
    if (!state_->auth->anonymous_role) return std::nullopt;
    identity.roles.push_back(*state_->auth->anonymous_role);
    return identity;
}
Identity Authenticator::named(std::string_view user) const {
    Identity identity;
    identity.user = user;
    return identity;
}
bool Authenticator::takes_tokens() const {
    return false;
}
bool Authenticator::takes_passwords() const {
    return false;
}
std::uint64_t Authenticator::password_record(std::string_view) const {
    return 0;
}
bool Authenticator::keys_refresh_due(std::int64_t) const {
    return false;
}
std::optional<std::string> Authenticator::refresh_keys(std::int64_t) const {
    return std::nullopt;
}

}  // namespace rtbridge
