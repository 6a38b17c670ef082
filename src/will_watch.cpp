#include "will_watch.h"

#include <utility>

namespace rtbridge {
namespace {

constexpr std::size_t will_bytes_max = 65'535;  // MQTT 5, 3.1.3.4

}  // namespace

// What was asked and was not followed by a publish: a will of who is gone; of who is there it was
// a publish that came to nothing.
void WillWatch::settle() {
    if (std::exchange(asks_, false) && asked_.certain) found_.push_back(std::move(asked_.will));
}

WillWatch::Write WillWatch::on_write(const MqttClient& client, std::string_view topic,
                                     std::string_view payload, bool retain) {
    settle();
    asked_.certain = is_gone(client);
    just_gone_.reset();
    if (payload.size() > will_bytes_max) return Write::Publish;
    asks_ = true;
    asked_.connection = client.connection;
    asked_.will.topic.assign(topic);
    asked_.will.payload.assign(payload);
    asked_.will.retain = retain;
    asked_.will.client.assign(client.id);
    asked_.will.user.assign(client.user);
    return asked_.certain ? Write::Will : Write::Publish;
}

WillWatch::Write WillWatch::on_write_denied(const MqttClient& client) {
    settle();
    const bool will = is_gone(client);
    just_gone_.reset();
    return will ? Write::Will : Write::Publish;
}

void WillWatch::on_message(const void* connection) {
    if (asks_ && asked_.connection == connection) asks_ = false;
    settle();
    just_gone_.reset();
    forget(connection);
}

// Those who receive a will are asked about between the question and, at a takeover, DISCONNECT.
void WillWatch::on_read() {
    just_gone_.reset();
    if (asks_ && asked_.certain) settle();
}

void WillWatch::on_login(const MqttClient& client) {
    settle();
    just_gone_.reset();
    forget(client.connection);
    logged_in_.assign(client.id);
}

void WillWatch::on_subscribe(const MqttClient& client) {
    settle();
    just_gone_.reset();
    forget(client.connection);
}

bool WillWatch::on_disconnect(const MqttClient& client, int reason) {
    const bool asked = asks_ && !asked_.certain && asked_.connection == client.connection;
    const bool out_of_order =
        reason > 0 || (reason < 0 && (!logins_ours_ || logged_in_ == client.id));
    const bool will = asked && out_of_order;
    if (will) asked_.certain = true;
    settle();
    forget(client.connection);
    just_gone_.reset();
    if (will) return true;
    just_gone_ = {client.connection, std::string(client.id)};
    if (client.mqtt5) remember(client);
    return false;
}

void WillWatch::on_turn() {
    settle();
    just_gone_.reset();
    logged_in_.clear();
}

std::vector<Will> WillWatch::take() {
    return std::exchange(found_, {});
}

// The broker uses its memory again, so the place alone says nothing.
bool WillWatch::is_gone(const MqttClient& client) const {
    if (just_gone_ && just_gone_->connection == client.connection && just_gone_->id == client.id) {
        return true;
    }
    const auto found = gone_by_connection_.find(client.connection);
    return found != gone_by_connection_.end() && found->second->id == client.id;
}

void WillWatch::remember(const MqttClient& client) {
    if (gone_.size() >= limits_.gone_max) {
        metrics_.hit(Limit::Wills);
        forget(gone_.front().connection);
    }
    gone_.push_back({client.connection, std::string(client.id)});
    gone_by_connection_[client.connection] = std::prev(gone_.end());
}

void WillWatch::forget(const void* connection) {
    const auto found = gone_by_connection_.find(connection);
    if (found == gone_by_connection_.end()) return;
    gone_.erase(found->second);
    gone_by_connection_.erase(found);
}

}  // namespace rtbridge
