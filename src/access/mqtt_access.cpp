#include "access/mqtt_access.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "config/in_quotes.h"

namespace rtbridge {
namespace {

// How many clients a turn of the broker's loop looks at after a reload: new grants may cost a
// test per rule, and a broker with ten thousand clients must not stand still for them.
constexpr std::size_t reviews_per_turn = 64;

constexpr std::string_view name_of(MqttRequest request) {
    switch (request) {
        case MqttRequest::Publish:
            return "publish";
        case MqttRequest::PublishRetained:
            return "publish_retained";
        case MqttRequest::Receive:
            return "receive";
        case MqttRequest::Subscribe:
            break;
    }
    return "subscribe";
}

constexpr ActionSet actions_of(MqttRequest request) {
    switch (request) {
        case MqttRequest::Publish:
            return Action::Publish;
        case MqttRequest::PublishRetained:
            return ActionSet(Action::Publish) | Action::PublishRetained;
        case MqttRequest::Receive:
        case MqttRequest::Subscribe:
            break;
    }
    return receive_live;
}

// The action of a refused request that no rule allows, for the log.
Action missing_action(const Grants& grants, MqttRequest request, std::string_view topic) {
    const ActionSet needed = actions_of(request);
    for (const Action action :
         {Action::Publish, Action::PublishRetained, Action::Receive, Action::Subscribe}) {
        if (needed.contains(action) && !grants.decide(action, topic).allowed) return action;
    }
    return Action::Subscribe;
}

// RFC 7515, 3.1: three parts, and the first is an object in base64url. Where both are in use a
// password could look like this as well, but then nobody may fall back to it: which check failed
// would be up to the client.
bool looks_like_token(std::string_view password) {
    return password.starts_with("ey") && std::count(password.begin(), password.end(), '.') == 2;
}

std::array<std::uint8_t, 32> digest_of(std::string_view user, std::string_view password) {
    std::string text = std::to_string(user.size());
    text.append(":").append(user).append(password);
    std::array<std::uint8_t, 32> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return digest;
}

bool is_expired(const Identity& identity, std::int64_t now_unix_s) {
    return identity.expires_unix_s && *identity.expires_unix_s <= now_unix_s;
}

bool may_anything(const Grants& grants) {
    return grants.anything(receive_live) || grants.anything(Action::Publish);
}

// "client \"pump-7\" (user \"anna\", 192.0.2.7)"
std::string who(const MqttClient& client) {
    std::string text = "client " + in_quotes(client.id);
    std::string details;
    if (!client.user.empty()) details += "user " + in_quotes(client.user);
    if (!client.address.empty()) details.append(details.empty() ? "" : ", ").append(client.address);
    return details.empty() ? text : text + " (" + details + ")";
}

Failure<LoginFailure> refused(LoginError error, std::string reason) {
    return Failure{LoginFailure{error, std::move(reason)}};
}

}  // namespace

MqttAccess::MqttAccess(Dependencies dependencies)
    : deps_(std::move(dependencies)), log_limiter_(deps_.log) {}

void MqttAccess::adopt(AccessPtr access, const Config& config) {
    const std::lock_guard lock(mutex_);
    const bool reload = access_ != nullptr;
    access_ = std::move(access);
    wants_logins_ = config.auth && config.auth->mqtt;
    wants_checks_ = config.acl.has_value();
    logins_per_minute_ = config.limits.logins_per_minute;
    password_time_ = config.limits.password_time;
    reapplying_ = reload;
    clients_.for_each([this](MqttClients::Entry& entry) {
        MqttConnection& current = entry.current;
        const bool had_rights = current.grants && may_anything(*current.grants);
        if (had_rights && current.online && wants_checks_) to_review_.push_back(entry.id);
        current.grants = nullptr;
        entry.previous.reset();
        if (current.proof == MqttConnection::Proof::Ours || !current.identity) return;
        // The broker does not repeat this login, so the name that it vouched for has to do.
        current.identity = vouched_for(
            {current.connection, entry.id, current.user, current.address}, current.identity->user);
    });
}

bool MqttAccess::wants_logins() const {
    const std::lock_guard lock(mutex_);
    return wants_logins_;
}

bool MqttAccess::wants_checks() const {
    const std::lock_guard lock(mutex_);
    return wants_checks_;
}

bool MqttAccess::login(const MqttClient& client, std::string_view password) {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = deps_.clock.now();
    const MqttClients::Entry* const entry = clients_.find(client.id);
    const std::array<std::uint8_t, 32> digest = digest_of(client.user, password);
    const bool known = entry != nullptr && entry->current.connection == client.connection &&
                       entry->current.credentials_digest == digest;
    if (!known) reapplying_ = false;
    const bool reapplied = known && reapplying_;
    if (!reapplied && deps_.throttle.wait(client.address, now).count() > 0) {
        deps_.metrics.hit(Limit::LoginsPerMinute);
        deps_.metrics.logins_refused.add();
        log(who(client) + " refused: too many failed logins from its address");
        return false;
    }
    Login login = prove(client, password, entry, reapplied);
    if (!login.ok()) {
        // Expired tokens and broken key files are no guessing.
        const LoginError error = login.error().error;
        if (error == LoginError::BadCredentials || error == LoginError::BadToken) {
            deps_.throttle.failed(client.address, logins_per_minute_, now);
        }
        if (error == LoginError::TooCostly) deps_.metrics.hit(Limit::PasswordTime);
        deps_.metrics.logins_refused.add();
        log(who(client) + " refused: " + login.error().reason);
        return false;
    }
    if (!reapplied) deps_.metrics.logins.add();
    auto identity = std::make_shared<Identity>(std::move(login).value());
    identity->client = client.id;
    identity->address = client.address;
    forget_expiry(entry);

    MqttConnection connection;
    connection.connection = client.connection;
    connection.user = client.user;
    connection.address = client.address;
    connection.identity = std::move(identity);
    connection.credentials_digest = digest;
    connection.proof = MqttConnection::Proof::Ours;
    connection.online = !reapplied || entry->current.online;
    const std::optional<std::int64_t> expires = connection.identity->expires_unix_s;
    if (expires && connection.online) expiries_.emplace(*expires, client.id);
    clients_.connect(client.id, std::move(connection));
    return true;
}

Login MqttAccess::prove(const MqttClient& client, std::string_view password,
                        const MqttClients::Entry* entry, bool reapplied) {
    if (client.user.empty() && password.empty()) {
        const std::string name = deps_.certificate_name(client.connection);
        if (!name.empty()) return access_->authenticator->named(name);
        std::optional<Identity> anonymous = access_->authenticator->anonymous();
        if (anonymous) return *std::move(anonymous);
        return refused(LoginError::NotInUse, "no credentials, and auth.anonymous is \"deny\"");
    }
    if (password.empty()) {
        return refused(LoginError::NotInUse, "a user name without a password or token");
    }
    const bool token = access_->authenticator->takes_tokens() &&
                       (looks_like_token(password) || !access_->authenticator->takes_passwords());
    if (!token) return prove_password(client, password);
    Login login = access_->authenticator->by_token(password, deps_.clock.unix_ms() / 1000);
    // A durable client that is away keeps its queue when its token expires meanwhile; it needs a
    // fresh one to come back.
    if (!login.ok() && login.error().error == LoginError::TokenExpired && reapplied &&
        !entry->current.online && entry->current.identity) {
        return Identity(*entry->current.identity);
    }
    if (login.ok() && !client.user.empty() && login.value().user != client.user) {
        return refused(LoginError::BadToken, "the token is for " + in_quotes(login.value().user));
    }
    return login;
}

Login MqttAccess::prove_password(const MqttClient& client, std::string_view password) {
    const Authenticator& authenticator = *access_->authenticator;
    if (!authenticator.takes_passwords()) {
        return refused(LoginError::NotInUse, "neither tokens nor passwords are in use");
    }
    if (client.user.empty()) {
        return refused(LoginError::BadCredentials, "a password without a user name");
    }
    const std::uint64_t record = authenticator.password_record(client.user);
    const SteadyTime now = deps_.clock.now();
    if (record != 0 && login_cache_.contains(client.user, password, record, now)) {
        return authenticator.named(client.user);
    }
    Login login = authenticator.by_password(client.user, password, password_time_);
    if (login.ok()) login_cache_.add(client.user, password, record, now);
    return login;
}

// Which of the connections of a client asks, and who that is.
MqttConnection& MqttAccess::connection_of(const MqttClient& client) {
    MqttClients::Entry* const entry = clients_.find(client.id);
    const auto is_asking = [&client](const MqttConnection& known) {
        // The broker uses pointers again: without a login of ours that would have replaced it, a
        // connection from elsewhere is a new one. The address is gone with the socket.
        const bool same_address = client.address.empty() || known.address == client.address;
        return known.connection == client.connection && known.user == client.user &&
               (known.proof == MqttConnection::Proof::Ours || same_address);
    };
    if (entry != nullptr && is_asking(entry->current)) return entry->current;
    if (entry != nullptr && entry->previous && is_asking(*entry->previous)) return *entry->previous;

    MqttConnection connection;
    connection.connection = client.connection;
    connection.user = client.user;
    connection.address = client.address;
    connection.identity = vouched_for(
        client, client.user.empty() ? deps_.certificate_name(client.connection) : client.user);
    // Not one that is connected as somebody else: an earlier takeover left its will behind.
    if (entry != nullptr && entry->current.online) {
        stranger_ = std::move(connection);
        return stranger_;
    }
    return clients_.connect(client.id, std::move(connection)).current;
}

// Whoever the broker let in under this name.
std::shared_ptr<const Identity> MqttAccess::vouched_for(const MqttClient& client,
                                                        std::string_view name) const {
    auto identity = std::make_shared<Identity>(access_->authenticator->named(name));
    identity->client = client.id;
    identity->address = client.address;
    return identity;
}

const Grants& MqttAccess::grants_of(MqttConnection& connection) {
    if (!connection.grants) connection.grants = access_->policy->grants(*connection.identity);
    return *connection.grants;
}

// A will is checked when its connection is gone, and a durable client receives while it is away:
// both by the rights that they had.
bool MqttAccess::expired(const MqttConnection& connection) const {
    return connection.online && connection.identity->expires_unix_s &&
           is_expired(*connection.identity, deps_.clock.unix_ms() / 1000);
}

bool MqttAccess::allows(const MqttClient& client, MqttRequest request, std::string_view topic) {
    const std::lock_guard lock(mutex_);
    MqttConnection& connection = connection_of(client);
    // A client that sends something: the broker is done with running logins again.
    if (connection.online && request != MqttRequest::Receive) reapplying_ = false;
    if (decide(connection, request, topic)) return true;
    if (request == MqttRequest::Receive) {
        deps_.metrics.filtered_mqtt.add();
    } else {
        deps_.metrics.denied_mqtt.add();
        refuse(client, connection, request, topic);
    }
    return false;
}

bool MqttAccess::decide(MqttConnection& connection, MqttRequest request, std::string_view topic) {
    if (expired(connection)) return false;
    const Grants& grants = grants_of(connection);
    if (request != MqttRequest::Subscribe) return grants.may(actions_of(request), topic);
    const auto filter = TopicFilter::parse(without_share_prefix(topic));
    return filter.ok() && grants.coverage(receive_live, filter.value()) != Coverage::None;
}

void MqttAccess::refuse(const MqttClient& client, const MqttConnection& connection,
                        MqttRequest request, std::string_view topic) {
    std::string line =
        who(client) + " may not " + std::string(name_of(request)) + " " + in_quotes(topic) + ": ";
    if (expired(connection)) {
        log(line + "its token has expired");
        return;
    }
    if (request == MqttRequest::Subscribe) {
        log(line + "no rule allows receive and subscribe on any of it");
        return;
    }
    const Action missing = missing_action(*connection.grants, request, topic);
    const Grants::Decision decision = connection.grants->decide(missing, topic);
    if (missing == Action::PublishRetained) line += "retained: ";
    log(line + (decision.rule != nullptr ? "denied by " + decision.rule->place.file + ":" +
                                               std::to_string(decision.rule->place.line)
                                         : "no rule allows " + std::string(name_of(missing))));
}

void MqttAccess::disconnected(const MqttClient& client) {
    const std::lock_guard lock(mutex_);
    const MqttClients::Entry* const entry = clients_.find(client.id);
    if (entry != nullptr && entry->current.connection == client.connection) forget_expiry(entry);
    const std::size_t forgotten = clients_.disconnect(client.id, client.connection);
    if (forgotten > 0) deps_.metrics.hit(Limit::ClientsAway, forgotten);
}

std::vector<std::string> MqttAccess::take_kicks() {
    std::vector<std::string> kicks;
    const std::lock_guard lock(mutex_);
    reapplying_ = false;
    log_limiter_.sweep(deps_.clock.now());
    kick_expired(kicks);
    kick_powerless(kicks);
    return kicks;
}

void MqttAccess::forget_expiry(const MqttClients::Entry* entry) {
    if (entry == nullptr) return;
    const std::optional<std::int64_t> expires = entry->current.identity->expires_unix_s;
    if (expires) expiries_.erase({*expires, entry->id});
}

void MqttAccess::kick_expired(std::vector<std::string>& kicks) {
    if (expiries_.empty()) return;
    const std::int64_t now_unix_s = deps_.clock.unix_ms() / 1000;
    while (!expiries_.empty() && expiries_.begin()->first <= now_unix_s) {
        kicks.push_back(expiries_.extract(expiries_.begin()).value().second);
        log("client " + in_quotes(kicks.back()) + " disconnected: its token has expired");
    }
}

void MqttAccess::kick_powerless(std::vector<std::string>& kicks) {
    for (std::size_t i = 0; i < reviews_per_turn && !to_review_.empty(); ++i) {
        const std::string id = std::move(to_review_.back());
        to_review_.pop_back();
        MqttClients::Entry* const entry = clients_.find(id);
        if (entry == nullptr || !entry->current.online) continue;
        MqttConnection& connection = entry->current;
        if (may_anything(grants_of(connection))) continue;
        log("client " + in_quotes(id) +
            " disconnected: it may do nothing any more since the reload");
        kicks.push_back(id);
    }
}

void MqttAccess::log(const std::string& line) {
    log_limiter_.write(LogLevel::Notice, "rtbridge: " + line, deps_.clock.now());
}

}  // namespace rtbridge
