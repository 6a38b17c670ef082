#include "client_watch.h"

namespace rtbridge {
namespace {

// Numbers of MOSQ_ERR_, as Mosquitto 2.1 gives them; 2.0 always says -1.
constexpr int reason_in_order = 0;
constexpr int reason_lost = 7;
constexpr int reason_keepalive = 19;
constexpr int reason_taken_over = 142;
constexpr int reason_kicked = 152;

DeviceCause cause_of(int reason) {
    switch (reason) {
        case -1:
            return DeviceCause::Unknown;
        case reason_in_order:
            return DeviceCause::Disconnect;
        case reason_lost:
            return DeviceCause::Lost;
        case reason_keepalive:
            return DeviceCause::Keepalive;
        case reason_taken_over:
            return DeviceCause::Takeover;
        case reason_kicked:
            return DeviceCause::Kicked;
        default:
            return DeviceCause::Error;
    }
}

}  // namespace

void ClientWatch::adopt(const Config& config) {
    checks_ = config.acl.has_value();
    wills_.adopt(config.auth && config.auth->mqtt);
    devices_.adopt(config.broker.devices);
}

void ClientWatch::on_message(const MqttClient& client) {
    reapplying_ = false;
    if (checks_) wills_.on_message(client.connection);
    devices_.seen(client, DeviceCause::Publish);
}

void ClientWatch::on_login(const MqttClient& client) {
    if (reapplying_) return;
    wills_.on_login(client);
    devices_.seen(client, DeviceCause::LoggedIn);
}

void ClientWatch::on_connect(const MqttClient& client) {
    reapplying_ = false;
    devices_.seen(client, DeviceCause::Connect);
}

void ClientWatch::on_access(const MqttClient& client, MqttRequest request, bool allowed,
                            std::string_view topic, std::string_view payload) {
    switch (request) {
        case MqttRequest::Receive:
        case MqttRequest::RetainedSource:
            return wills_.on_read();
        case MqttRequest::Subscribe:
            reapplying_ = false;
            wills_.on_subscribe(client);
            return devices_.seen(client, DeviceCause::Subscribe);
        case MqttRequest::Publish:
        case MqttRequest::PublishRetained:
            break;
    }
    const bool retain = request == MqttRequest::PublishRetained;
    const WillWatch::Write write =
        allowed ? wills_.on_write(client, topic, payload, retain) : wills_.on_write_denied(client);
    // Who published its will, or wanted to, did not leave in order.
    if (write == WillWatch::Write::Will) devices_.explain(client.id, DeviceCause::Lost);
}

void ClientWatch::on_disconnect(const MqttClient& client, int reason) {
    reapplying_ = false;
    const bool taken_over = wills_.on_disconnect(client, reason) && reason == -1;
    const DeviceCause cause = kicked_ == client.id && reason == -1 ? DeviceCause::Kicked
                              : taken_over                         ? DeviceCause::Takeover
                                                                   : cause_of(reason);
    devices_.gone(client, cause);
}

void ClientWatch::on_kick(std::string_view client_id) {
    kicked_.assign(client_id);
}

void ClientWatch::on_turn() {
    reapplying_ = false;
    wills_.on_turn();
}

}  // namespace rtbridge
