#include "access/mqtt_proofs.h"

#include <algorithm>
#include <utility>

#include "config/in_quotes.h"

namespace rtbridge {
namespace {

// RFC 7515, 3.1: three parts, and the first is an object in base64url. Where both are in use a
// password could look like this as well, but then nobody may fall back to it: which check failed
// would be up to the client.
bool looks_like_token(std::string_view password) {
    return password.starts_with("ey") && std::count(password.begin(), password.end(), '.') == 2;
}

MqttProof refused(LoginError error, std::string reason) {
    return {Failure{LoginFailure{error, std::move(reason)}}};
}

}  // namespace

void MqttProofs::adopt(std::shared_ptr<const Authenticator> authenticator,
                       const LimitsConfig& limits) {
    authenticator_ = std::move(authenticator);
    logins_per_minute_ = limits.logins_per_minute;
    password_time_ = limits.password_time;
}

MqttProof MqttProofs::first(const MqttClient& client, std::string_view password) {
    // Who gives none does not guess, and gets nobody out of a wait either.
    if (password.empty()) return again(client, password, 0);
    const SteadyTime now = deps_.clock.now();
    if (deps_.throttle.wait(client.address, now).count() > 0) {
        deps_.metrics.hit(Limit::LoginsPerMinute);
        return refused(LoginError::NotInUse, "too many failed logins from its address");
    }
    MqttProof proof = again(client, password, 0);
    if (proof.login.ok()) {
        deps_.throttle.succeeded(client.address);
        return proof;
    }
    // Expired tokens and broken key files are no guessing.
    const LoginError error = proof.login.error().error;
    if (error == LoginError::BadCredentials || error == LoginError::BadToken) {
        deps_.throttle.failed(client.address, logins_per_minute_, now);
    }
    return proof;
}

MqttProof MqttProofs::again(const MqttClient& client, std::string_view password,
                            std::uint64_t accepted_record) {
    if (client.user.empty() && password.empty()) {
        const std::string name = deps_.certificate_name(client.connection);
        if (!name.empty()) return {authenticator_->named(name)};
        std::optional<Identity> anonymous = authenticator_->anonymous();
        if (anonymous) return {*std::move(anonymous)};
        return refused(LoginError::NotInUse, "no credentials, and auth.anonymous is \"deny\"");
    }
    if (password.empty()) {
        return refused(LoginError::NotInUse, "a user name without a password or token");
    }
    const bool token = authenticator_->takes_tokens() &&
                       (looks_like_token(password) || !authenticator_->takes_passwords());
    if (!token) return by_password(client, password, accepted_record);
    Login login = authenticator_->by_token(password, deps_.clock.unix_ms() / 1000);
    if (login.ok() && !client.user.empty() && login.value().user != client.user) {
        return refused(LoginError::BadToken, "the token is for " + in_quotes(login.value().user));
    }
    return {std::move(login)};
}

MqttProof MqttProofs::by_password(const MqttClient& client, std::string_view password,
                                  std::uint64_t accepted_record) {
    const Authenticator& authenticator = *authenticator_;
    if (!authenticator.takes_passwords()) {
        return refused(LoginError::NotInUse, "neither tokens nor passwords are in use");
    }
    if (client.user.empty()) {
        return refused(LoginError::BadCredentials, "a password without a user name");
    }
    const std::uint64_t record = authenticator.password_record(client.user);
    const SteadyTime now = deps_.clock.now();
    const bool accepted = record != 0 && record == accepted_record;
    if (accepted || cache_.contains(client.user, password, record, now)) {
        return {authenticator.named(client.user), record};
    }
    Login login = authenticator.by_password(client.user, password, password_time_);
    if (!login.ok()) return {std::move(login)};
    cache_.add(client.user, password, record, now);
    return {std::move(login), record};
}

}  // namespace rtbridge
