#include "access/mqtt_access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <utility>

#include "access/mqtt_refusal.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

// How many clients a turn of the broker's loop looks at after a reload: new grants may cost a
// test per rule, and a broker with ten thousand clients must not stand still for them.
constexpr std::size_t reviews_per_turn = 64;
// Likewise of those whose tokens expire together; until their turn they may do nothing.
constexpr std::size_t expiries_per_turn = 256;

std::array<std::uint8_t, 32> digest_of(std::string_view user, std::string_view password) {
    std::string text = std::to_string(user.size());
    text.append(":").append(user).append(password);
    std::array<std::uint8_t, 32> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    OPENSSL_cleanse(text.data(), text.size());
    return digest;
}

bool is_expired(const Identity& identity, std::int64_t now_unix_s) {
    return identity.expires_unix_s && *identity.expires_unix_s <= now_unix_s;
}

bool may_anything(const Grants& grants) {
    return grants.anything(receive_live) || grants.anything(Action::Publish);
}

}  // namespace

MqttAccess::MqttAccess(Dependencies dependencies)
    : deps_(std::move(dependencies)),
      proofs_({deps_.throttle, deps_.metrics, deps_.clock, deps_.certificate_name}),
      log_limiter_(deps_.log) {}

void MqttAccess::adopt(AccessPtr access, const Config& config) {
    const std::lock_guard lock(mutex_);
    const bool reload = access_ != nullptr;
    const bool had_logins = wants_logins_;
    access_ = std::move(access);
    wants_logins_ = config.auth && config.auth->mqtt;
    wants_checks_ = config.acl.has_value();
    proofs_.adopt(access_->authenticator, config.limits);
    reapplying_ = reload;
    // Where nothing is asked of us, nobody tells us who leaves; where logins are not ours any more,
    // a name counts for what it is to the broker. What we knew would pass to whoever comes next.
    if ((had_logins && !wants_logins_) || (!wants_logins_ && !wants_checks_)) {
        forget_everyone();
        return;
    }
    clients_.for_each([this](MqttClients::Entry& entry) {
        MqttConnection& current = entry.current;
        std::shared_ptr<const Grants> before = std::exchange(current.grants, nullptr);
        if (before && current.online && wants_checks_) {
            to_review_.emplace_back(entry.id, std::move(before));
        }
        entry.previous.reset();
        if (current.proof == MqttConnection::Proof::Ours || !current.identity) return;
        // The broker does not repeat this login, so the name that it vouched for has to do.
        current.identity = vouched_for({.connection = current.connection,
                                        .id = entry.id,
                                        .user = current.user,
                                        .address = current.address},
                                       current.identity->user);
    });
}

void MqttAccess::forget_everyone() {
    clients_.clear();
    expiries_.clear();
    to_review_.clear();
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
    if (reader_.concerns(client)) return admit_reader(client, password);
    const MqttClients::Entry* const entry = clients_.find(client.id);
    const bool same_connection = entry != nullptr && entry->current.connection == client.connection;
    if (is_away(client, same_connection ? &entry->current : nullptr)) return true;

    const std::array<std::uint8_t, 32> digest = digest_of(client.user, password);
    const bool known = same_connection && entry->current.credentials_digest == digest;
    if (!known && !client.subscribed) reapplying_ = false;
    // The broker reports the end of a connection before it uses its memory again.
    const bool repeated = known && (entry->current.online || reapplying_);
    MqttProof proof = repeated ? proofs_.again(client, password, entry->current.password_record)
                               : proofs_.first(client, password);
    Login& login = proof.login;
    if (!login.ok()) {
        if (login.error().error == LoginError::TooCostly) deps_.metrics.hit(Limit::PasswordTime);
        deps_.metrics.logins_refused.add();
        log(who_is(client, client.user) + " refused: " + login.error().reason);
        return false;
    }
    if (!repeated) deps_.metrics.logins.add();
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
    connection.password_record = proof.password_record;
    connection.proof = MqttConnection::Proof::Ours;
    connection.online = !repeated || entry->current.online;
    const std::optional<std::int64_t> expires = connection.identity->expires_unix_s;
    if (expires && connection.online) expiries_.emplace(*expires, client.id);
    clients_.connect(client.id, std::move(connection));
    return true;
}

bool MqttAccess::admit_reader(const MqttClient& client, std::string_view password) {
    if (reader_.login(client, password)) return true;
    deps_.metrics.logins_refused.add();
    log("somebody at " + std::string(client.address) +
        " refused who connects under the client id of rtbridge itself");
    return false;
}

MqttAccess::ReaderLogin MqttAccess::expect_reader() {
    const std::lock_guard lock(mutex_);
    if (!reader_.issue()) return {};
    return {reader_.id(), reader_.password()};
}

void MqttAccess::forget_reader() {
    const std::lock_guard lock(mutex_);
    reader_.withdraw();
}

// After a reload the broker also asks about the sessions of clients that are away, those that it
// read from its database without a password included. They have to log in when they come back, and
// till then their subscriptions only fill a queue: a token that expired meanwhile must not cost
// them that. (And Mosquitto 2.0.11 puts a refused one into its list of expiring sessions again.)
bool MqttAccess::is_away(const MqttClient& client, const MqttConnection* known) {
    if (!client.subscribed) return false;  // what just connects has no subscriptions yet
    return known != nullptr ? !known->online : client.address.empty();
}

// Which of the connections of a client asks, and who that is.
MqttConnection& MqttAccess::connection_of(const MqttClient& client, MqttRequest request) {
    MqttClients::Entry* const entry = clients_.find(client.id);
    if (entry != nullptr && is_asking(client, entry->current)) {
        if (entry->current.online || request != MqttRequest::Subscribe) return entry->current;
        // Who subscribes is there: it came back, and to the same place in the broker's memory.
        MqttConnection returned = std::move(entry->current);
        returned.online = true;
        return clients_.connect(client.id, std::move(returned)).current;
    }
    if (entry != nullptr && entry->previous && is_asking(client, *entry->previous)) {
        return *entry->previous;
    }
    MqttConnection connection = vouched_connection(client);
    // A session out of the broker's database receives without ever having had a socket.
    connection.online = request != MqttRequest::Receive || !client.address.empty();
    // Not one that is connected as somebody else: an earlier takeover left its will behind.
    if (entry != nullptr && entry->current.online) {
        stranger_ = std::move(connection);
        return stranger_;
    }
    return clients_.connect(client.id, std::move(connection)).current;
}

// Is it this connection that the broker asks about? It uses pointers again, and not every listener
// has us log its clients in (use_identity_as_username does not).
bool MqttAccess::is_asking(const MqttClient& client, const MqttConnection& known) const {
    if (known.connection != client.connection || known.user != client.user) return false;
    // The address may be gone with the socket.
    const bool same_address = client.address.empty() || known.address == client.address;
    if (known.proof == MqttConnection::Proof::Broker && !same_address) return false;
    // A certificate is gone with the socket for sure: who shows one is somebody new.
    return known.online || deps_.certificate_name(client.connection).empty();
}

// A connection that the broker let in by its own means.
MqttConnection MqttAccess::vouched_connection(const MqttClient& client) const {
    MqttConnection connection;
    connection.connection = client.connection;
    connection.user = client.user;
    connection.address = client.address;
    connection.identity = vouched_for(
        client, client.user.empty() ? deps_.certificate_name(client.connection) : client.user);
    return connection;
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
    if (reader_.concerns(client)) return reader_.allows(client, request, wants_logins_);
    if (request == MqttRequest::RetainedSource) return source_may_still(client, topic);
    MqttConnection& connection = connection_of(client, request);
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

// With check_retain_source the broker asks again about the author of a
// retained message before somebody gets it: under the author's names, but from no connection.
// An author that is not known any more had the right when it published.
bool MqttAccess::source_may_still(const MqttClient& author, std::string_view topic) {
    MqttClients::Entry* const entry = clients_.find(author.id);
    if (entry == nullptr) return true;
    MqttConnection* connection = nullptr;
    if (entry->previous && entry->previous->user == author.user) connection = &*entry->previous;
    if (entry->current.user == author.user) connection = &entry->current;
    if (connection == nullptr) return true;
    if (grants_of(*connection).may(actions_of(MqttRequest::RetainedSource), topic)) return true;
    deps_.metrics.filtered_mqtt.add();
    refuse(author, *connection, MqttRequest::RetainedSource, topic);
    return false;
}

bool MqttAccess::decide(MqttConnection& connection, MqttRequest request, std::string_view topic) {
    if (expired(connection)) return false;
    const Grants& grants = grants_of(connection);
    if (request != MqttRequest::Subscribe) return grants.may(actions_of(request), topic);
    const auto filter = TopicFilter::parse(without_share_prefix(topic));
    return filter.ok() &&
           grants.coverage_without_key(receive_live, filter.value()) != Coverage::None;
}

void MqttAccess::refuse(const MqttClient& client, const MqttConnection& connection,
                        MqttRequest request, std::string_view topic) {
    const bool too_late = request != MqttRequest::RetainedSource && expired(connection);
    log(too_late
            ? who_may_not(client, *connection.identity, request, topic) + "its token has expired"
            : refusal_of(client, *connection.identity, *connection.grants, request, topic));
}

void MqttAccess::disconnected(const MqttClient& client) {
    const std::lock_guard lock(mutex_);
    if (reader_.concerns(client)) return;
    const MqttClients::Entry* const entry = clients_.find(client.id);
    if (entry != nullptr && entry->current.connection == client.connection) forget_expiry(entry);
    clients_.disconnect(client.id, client.connection);
    // One that never asked for anything: its will comes yet, and must not be taken for somebody who
    // is there and whose end nobody will report. (With logins of ours this is one that was
    // refused.)
    if (entry == nullptr && wants_checks_ && !wants_logins_) {
        MqttConnection connection = vouched_connection(client);
        connection.online = false;
        clients_.connect(client.id, std::move(connection));
    }
    const std::size_t forgotten = clients_.forget_surplus();
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
    for (std::size_t i = 0; i < expiries_per_turn; ++i) {
        if (expiries_.empty() || expiries_.begin()->first > now_unix_s) break;
        kicks.push_back(expiries_.extract(expiries_.begin()).value().second);
        log("client " + in_quotes(kicks.back()) + " disconnected: its token has expired");
    }
}

void MqttAccess::kick_powerless(std::vector<std::string>& kicks) {
    for (std::size_t i = 0; i < reviews_per_turn && !to_review_.empty(); ++i) {
        const auto [id, before] = std::move(to_review_.back());
        to_review_.pop_back();
        MqttClients::Entry* const entry = clients_.find(id);
        if (entry == nullptr || !entry->current.online) continue;
        MqttConnection& connection = entry->current;
        if (may_anything(grants_of(connection)) || !may_anything(*before)) continue;
        log("client " + in_quotes(id) +
            " disconnected: it may do nothing any more since the reload");
        kicks.push_back(id);
    }
}

void MqttAccess::log(const std::string& line) {
    log_limiter_.write(LogLevel::Notice, "rtbridge: " + line, deps_.clock.now());
}

}  // namespace rtbridge
