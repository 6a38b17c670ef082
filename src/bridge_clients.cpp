// What the broker says of its clients, and what it had kept before the start.

#include <utility>

#include "bridge.h"

namespace rtbridge {
namespace {

// So that a start with many of them holds up the broker's turn for a millisecond or two at most.
constexpr std::size_t retained_per_turn = 256;

}  // namespace

void Bridge::on_client_message(const MqttClient& client) {
    client_watch_.on_message(client);
}

void Bridge::on_client_login(const MqttClient& client) {
    client_watch_.on_login(client);
    if (!ticked_) show_clients();
}

void Bridge::on_client_connect(const MqttClient& client) {
    client_watch_.on_connect(client);
    if (!ticked_) show_clients();
}

void Bridge::on_client_access(const MqttClient& client, MqttRequest request, bool allowed,
                              std::string_view topic, std::string_view payload) {
    client_watch_.on_access(client, request, allowed, topic, payload);
    if (!ticked_) show_clients();
}

void Bridge::on_client_disconnect(const MqttClient& client, int reason) {
    // Not shown yet: its will, which may come next, says why.
    client_watch_.on_disconnect(client, reason);
}

// Said in the log because nothing else shows it.
void Bridge::write_what_stays_unseen() {
    if (!config_.acl && !config_.rules.empty()) {
        log_.write(LogLevel::Info,
                   "rtbridge: browsers do not see wills: the broker tells of them only where "
                   "[acl] exists");
    }
    if (config_.broker.devices.empty() || (config_.auth && config_.auth->mqtt)) return;
    log_.write(LogLevel::Info,
               "rtbridge: devices are seen when they first publish" +
                   std::string(config_.acl ? " or subscribe" : "") +
                   "; Mosquitto 2.0 tells who connects only where mqtt = true in [auth]");
}

void Bridge::kick_clients() {
    for (const std::string& client : mqtt_access_.take_kicks()) {
        client_watch_.on_kick(client);
        broker_.kick(client);
        client_watch_.on_kick({});
    }
}

void Bridge::show_clients() {
    show_wills();
    if (!client_watch_.devices().any_changes()) return;
    for (const Device& device : client_watch_.devices().take_changes()) show_device(device);
}

void Bridge::show_wills() {
    if (!client_watch_.any_wills()) return;
    for (const Will& will : client_watch_.take_wills()) show_will(will);
}

// MQTT subscribers have it already, and as it was: rules only say what browsers see of it.
void Bridge::show_will(const Will& will) {
    metrics_.messages_in.add();
    const Publish publish{.topic = will.topic,
                          .payload = will.payload,
                          .retain = will.retain,
                          .client = will.client,
                          .user = will.user,
                          .source = PublishSource::Will};
    Outcome outcome = rules_->apply(publish, workspace_, clock_);
    if (outcome.matched == 0) return;
    metrics_.wills.add();
    const bool kept = std::exchange(outcome.drop, false);
    count(publish, outcome);
    if (kept) return;
    retained_.note_live(will.topic);
    for (BrowserUpdate& update : outcome.updates) show_browsers(std::move(update));
}

void Bridge::show_device(const Device& device) {
    auto update = std::make_shared<Update>();
    update->unix_ms = device.at_unix_ms;
    update->topic = device_topic(device.client);
    update->key_name = "client";
    update->key = device.client;
    update->payload = device_body(device);
    update->event = device.online ? "device:online" : "device:offline";
    push(std::move(update));
}

void Bridge::take_retained() {
    const bool changed = retained_.take(retained_per_turn, [this](const RetainedMessage& message) {
        assert_on_broker_thread();
        show_retained(message);
    });
    if (changed) listeners_->set_snapshot(make_snapshot());
    if (retained_.any_waiting()) doorbell_.ring();
}

// Nothing of it goes to MQTT, where it came from, and no rule counts it as a publish.
void Bridge::show_retained(const RetainedMessage& message) {
    Outcome outcome = rules_->apply({.topic = message.topic,
                                     .payload = message.payload,
                                     .retain = true,
                                     .source = PublishSource::Retained},
                                    workspace_, clock_);
    if (outcome.drop) return;
    for (BrowserUpdate& update : outcome.updates) show_browsers(std::move(update));
}

}  // namespace rtbridge
