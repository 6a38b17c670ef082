#pragma once

#include <string_view>
#include <vector>

#include "access/mqtt_clients.h"
#include "access/mqtt_request.h"
#include "base/clock.h"
#include "base/thread_role.h"
#include "config/config.h"
#include "devices.h"
#include "handoff/metrics.h"
#include "will_watch.h"

namespace rtbridge {

// What the broker lets a plugin see of its clients beside their publishes, put together: their
// wills and who of them is there. Told of every event, in the broker's order; which events there
// are depends on the configuration and on the broker:
//
//     always           publishes
//     [auth] mqtt      logins
//     [acl]            what they ask leave for: with it wills, and who subscribes
//     either, devices  who leaves
//     Mosquitto 2.1    who connects
//
// Thread: broker.
class ClientWatch {
public:
    ClientWatch(Metrics& metrics, const Clock& clock)
        : wills_({}, metrics), devices_({}, metrics, clock) {}

    void adopt(const Config& config) ON_BROKER_THREAD;
    // Whether the broker has to say who leaves, and who connects if it can.
    [[nodiscard]] bool wants_presence() const { return devices_.watching(); }
    // Costs nothing where nothing is watched.
    [[nodiscard]] bool active() const { return checks_ || devices_.watching(); }

    void on_message(const MqttClient& client) ON_BROKER_THREAD;
    void on_login(const MqttClient& client) ON_BROKER_THREAD;  // one that was right
    void on_connect(const MqttClient& client) ON_BROKER_THREAD;
    // The answer to what a client asked leave for.
    void on_access(const MqttClient& client, MqttRequest request, bool allowed,
                   std::string_view topic, std::string_view payload) ON_BROKER_THREAD;
    // `reason`: what the broker says, one of MOSQ_ERR_; -1 nothing.
    void on_disconnect(const MqttClient& client, int reason) ON_BROKER_THREAD;
    void on_kick(std::string_view client_id) ON_BROKER_THREAD;  // it is about to be disconnected
    // The broker runs its clients through their logins again: that is no sign of life.
    void on_reload() ON_BROKER_THREAD { reapplying_ = true; }
    void on_turn() ON_BROKER_THREAD;  // of the broker's loop

    [[nodiscard]] bool any_wills() const { return wills_.any(); }
    [[nodiscard]] std::vector<Will> take_wills() { return wills_.take(); }
    [[nodiscard]] Devices& devices() { return devices_; }

private:
    bool checks_ = false;  // [acl]
    bool reapplying_ = false;
    std::string kicked_;  // client id
    WillWatch wills_;
    Devices devices_;
};

}  // namespace rtbridge
