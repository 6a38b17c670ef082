#include "access/authenticator.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "access/glob.h"
#include "access/key_set.h"
#include "access/password_file.h"
#include "access/token.h"
#include "access/token_verifier.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr std::int64_t refresh_interval_s = 10;

// The keys of each [[auth.jwt]], in the same order.
using Keys = std::vector<std::shared_ptr<const KeySet>>;

Failure<LoginFailure> failure(LoginError error, std::string reason) {
    return Failure{LoginFailure{error, std::move(reason)}};
}

void sort_unique(std::vector<std::string>& texts) {
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

// An entry without these was reported when it was read.
bool is_complete(const JwtConfig& issuer) {
    return !issuer.keys_file.value.empty() && !issuer.algorithms.empty();
}

std::shared_ptr<const KeySet> load_keys(const JwtConfig& issuer, Diagnostics& diagnostics) {
    if (!is_complete(issuer)) return std::make_shared<const KeySet>();
    const std::string title = "keys_file " + in_quotes(issuer.keys_file.value);
    Result<KeyFile, std::string> file = read_key_file(issuer);
    if (!file.ok()) {
        diagnostics.error(issuer.keys_file.place, title + ": " + file.error());
        return nullptr;
    }
    if (file.value().secret_exposed) {
        diagnostics.warning(issuer.keys_file.place,
                            title +
                                " holds a secret that every user of the system can read; "
                                "chmod o-r it");
    }
    return std::make_shared<const KeySet>(std::move(file).value().keys);
}

// How much the failure against one issuer tells: the further the checks got, the more; a key that
// may only be new more than a signature that is wrong.
std::size_t rank_of(const LoginFailure& failure, const std::vector<TokenCheck>& checks) {
    const bool new_key = failure.error == LoginError::UnknownKey;
    return 2 * checks.size() + (new_key ? 3 : 0);
}

std::string milliseconds_text(std::chrono::nanoseconds time) {
    const auto tenths = std::chrono::duration_cast<std::chrono::microseconds>(time).count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

// A check for an MQTT client stops the whole broker for as long as it takes.
void check_cost(const Config& config, const PasswordFile& passwords, Diagnostics& diagnostics) {
    const AuthConfig& auth = *config.auth;
    if (!auth.mqtt || passwords.cost() <= config.limits.password_time) return;
    diagnostics.error(
        auth.passwords_file.place,
        "passwords_file " + in_quotes(auth.passwords_file.value) + ", " + passwords.costliest() +
            ": a check takes " + milliseconds_text(passwords.cost()) +
            ", during which the broker stands still, and limits.password_time is " +
            std::to_string(config.limits.password_time.count()) +
            " ms; set the password again with fewer rounds (rtbridgectl passwd --rounds), raise "
            "limits.password_time, or write mqtt = false");
}

}  // namespace

struct Authenticator::State {
    std::optional<AuthConfig> auth;
    std::optional<PasswordFile> passwords;

    std::mutex keys_mutex;  // held to copy or swap the pointer
    std::shared_ptr<const Keys> keys;
    std::atomic<bool> refresh_wanted = false;
    std::atomic<std::int64_t> refreshed_unix_s = 0;

    [[nodiscard]] std::shared_ptr<const Keys> current_keys() {
        const std::lock_guard lock(keys_mutex);
        return keys;
    }

    // The identity with what [[auth.role]] adds.
    [[nodiscard]] Identity with_roles(Identity identity) const {
        for (const AuthRoleConfig& role : auth->roles) {
            if (glob_matches(role.user.value, identity.user)) identity.roles.push_back(role.role);
        }
        sort_unique(identity.roles);
        return identity;
    }
};

Authenticator::Authenticator() : state_(std::make_unique<State>()) {}
Authenticator::~Authenticator() = default;

std::shared_ptr<const Authenticator> Authenticator::create(const Config& config,
                                                           Diagnostics& diagnostics) {
    auto authenticator = std::shared_ptr<Authenticator>(new Authenticator);
    State& state = *authenticator->state_;
    state.auth = config.auth;
    if (!config.auth) return authenticator;

    bool complete = true;
    Keys keys;
    for (const JwtConfig& issuer : config.auth->jwt) {
        keys.push_back(load_keys(issuer, diagnostics));
        complete = complete && keys.back() != nullptr;
    }
    state.keys = std::make_shared<const Keys>(std::move(keys));
    if (!config.auth->passwords_file.value.empty()) {
        state.passwords = PasswordFile::load(config.auth->passwords_file, diagnostics);
        complete = complete && state.passwords;
        if (state.passwords) check_cost(config, *state.passwords, diagnostics);
    }
    if (!complete || diagnostics.has_errors()) return nullptr;
    return authenticator;
}

Login Authenticator::by_token(std::string_view text, std::int64_t now_unix_s) const {
    if (!takes_tokens()) return failure(LoginError::NotInUse, "no [[auth.jwt]] is configured");
    Result<Token, std::string> token = parse_token(text);
    if (!token.ok()) return failure(LoginError::BadToken, std::move(token).error());

    LoginFailure closest{LoginError::BadToken, ""};
    std::size_t closest_rank = 0;
    const std::shared_ptr<const Keys> keys = state_->current_keys();
    for (std::size_t i = 0; i < keys->size(); ++i) {
        std::vector<TokenCheck> checks;
        Login login =
            verify_token(token.value(), state_->auth->jwt[i], *(*keys)[i], now_unix_s, checks);
        if (login.ok()) {
            Identity identity = std::move(login).value();
            sort_unique(identity.roles);
            identity.token_roles = identity.roles;
            return with_todays_roles(std::move(identity));
        }
        const std::size_t rank = rank_of(login.error(), checks);
        if (rank > closest_rank) {
            closest_rank = rank;
            closest = std::move(login).error();
        }
    }
    if (closest.error == LoginError::UnknownKey) {
        state_->refresh_wanted.store(true, std::memory_order_relaxed);
    }
    return Failure{std::move(closest)};
}

Login Authenticator::by_password(std::string_view user, std::string_view password,
                                 std::chrono::milliseconds most) const {
    if (!takes_passwords()) return failure(LoginError::NotInUse, "no passwords_file is configured");
    if (costlier_than(most)) {
        return failure(LoginError::TooCostly, "checking the password takes longer than allowed");
    }
    if (!state_->passwords->matches(user, password)) {
        return failure(LoginError::BadCredentials, "unknown user or wrong password");
    }
    return named(user);
}

bool Authenticator::costlier_than(std::chrono::milliseconds most) const {
    // milliseconds::max() in nanoseconds would overflow.
    return takes_passwords() && std::chrono::duration<double>(state_->passwords->cost()) >
                                    std::chrono::duration<double>(most);
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
    if (!state_->auth || user.empty()) return identity;
    return state_->with_roles(std::move(identity));
}

Identity Authenticator::with_todays_roles(Identity of_token) const {
    of_token.roles = of_token.token_roles;
    return state_->auth ? state_->with_roles(std::move(of_token)) : of_token;
}

bool Authenticator::takes_tokens() const {
    return state_->auth && !state_->auth->jwt.empty();
}

bool Authenticator::takes_passwords() const {
    return state_->passwords.has_value();
}

std::uint64_t Authenticator::password_record(std::string_view user) const {
    return takes_passwords() ? state_->passwords->record(user) : 0;
}

bool Authenticator::keys_refresh_due(std::int64_t now_unix_s) const {
    if (!state_->refresh_wanted.load(std::memory_order_relaxed)) return false;
    const std::int64_t last = state_->refreshed_unix_s.load(std::memory_order_relaxed);
    return now_unix_s - last >= refresh_interval_s || now_unix_s < last;
}

std::optional<std::string> Authenticator::refresh_keys(std::int64_t now_unix_s) const {
    if (!keys_refresh_due(now_unix_s)) return std::nullopt;
    // Of several listener threads that come at once, one reads.
    if (!state_->refresh_wanted.exchange(false)) return std::nullopt;
    state_->refreshed_unix_s.store(now_unix_s, std::memory_order_relaxed);

    std::optional<std::string> problem;
    Keys keys = *state_->current_keys();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const JwtConfig& issuer = state_->auth->jwt[i];
        Result<KeyFile, std::string> file = read_key_file(issuer);
        if (file.ok()) {
            keys[i] = std::make_shared<const KeySet>(std::move(file).value().keys);
        } else if (!problem) {
            problem = "keys_file " + in_quotes(issuer.keys_file.value) + ": " + file.error() +
                      "; its former keys stay in use";
        }
    }
    auto fresh = std::make_shared<const Keys>(std::move(keys));
    const std::lock_guard lock(state_->keys_mutex);
    state_->keys.swap(fresh);
    return problem;
}

}  // namespace rtbridge
