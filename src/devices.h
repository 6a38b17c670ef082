#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/mqtt_clients.h"
#include "base/clock.h"
#include "base/seeded_hash.h"
#include "base/thread_role.h"
#include "config/config.h"
#include "handoff/metrics.h"
#include "rules/own_topics.h"

namespace rtbridge {

// How a device came to be online, or offline, as far as the broker tells.
enum class DeviceCause : std::uint8_t {
    LoggedIn,    // it logged in, where logins are ours
    Connect,     // it connected (Mosquitto 2.1)
    Subscribe,   // the first sign of life
    Publish,     // likewise
    Disconnect,  // in order
    Keepalive,   // it was silent for too long
    Takeover,    // another connection came under its client id
    Kicked,      // by us or by another plugin
    Lost,        // its connection ended without a word, or the broker published its will
    Error,       // it broke the protocol, say
    Unknown,     // Mosquitto 2.0 does not say
};
[[nodiscard]] std::string_view to_text(DeviceCause cause);

// An MQTT client that [broker] devices names.
struct Device {
    std::string client;  // id
    std::string user;    // empty: none
    bool online = false;
    DeviceCause cause = DeviceCause::Unknown;
    std::int64_t at_unix_ms = 0;  // since when
};

// Where browsers see a device: one level below the prefix, in which what may not stand in a level
// ('/', '+', '#', '%', control characters, what is not UTF-8) is %XX.
[[nodiscard]] std::string device_topic(std::string_view client_id);
// What they see: {"client":"sensor-7","user":null,"online":false,"cause":"lost","at":1700000000000}
[[nodiscard]] std::string device_body(const Device& device);

// Which MQTT clients are there. The broker does not always say who connects, so a device may be
// online before it is known to be, until its first publish or subscription.
//
// Bounded by the limit "devices": of more devices than that, those are forgotten that are offline
// for the longest; where all are online a further one is not watched. Ids above a length neither.
//
// Thread: broker.
class Devices {
public:
    struct Limits {
        std::size_t devices_max = 10'000;
        std::size_t id_bytes_max = 256;
    };
    Devices(Limits limits, Metrics& metrics, const Clock& clock)
        : limits_(limits), metrics_(metrics), clock_(clock) {}

    // Globs of the ids of clients that are watched. Those that are not any more are forgotten.
    void adopt(const std::vector<Placed<std::string>>& globs) ON_BROKER_THREAD;
    [[nodiscard]] bool watching() const { return !globs_.empty(); }

    // A sign of life. Cheap for a device that is online.
    void seen(const MqttClient& client, DeviceCause how) ON_BROKER_THREAD;
    void gone(const MqttClient& client, DeviceCause why) ON_BROKER_THREAD;
    // Why it went, where that shows only after the fact, and before anybody was told.
    void explain(std::string_view client_id, DeviceCause why) ON_BROKER_THREAD;

    // Who came and went since the last call, in that order.
    [[nodiscard]] bool any_changes() const { return !changes_.empty(); }
    [[nodiscard]] std::vector<Device> take_changes() ON_BROKER_THREAD;

    // Null: it was never seen, or is not watched. Valid until the next call of another member.
    [[nodiscard]] const Device* find(std::string_view client_id) const ON_BROKER_THREAD;
    [[nodiscard]] std::size_t size() const { return by_id_.size(); }

private:
    struct Entry {
        Device device;
        const void* connection = nullptr;          // never dereferenced
        std::list<std::string>::iterator offline;  // in offline_; valid while it is
    };
    using ById = std::unordered_map<std::string, Entry, SeededHash, std::equal_to<>>;

    [[nodiscard]] bool is_watched(std::string_view client_id) const;
    [[nodiscard]] Entry* find_or_add(const MqttClient& client);
    void come(Entry& entry, const MqttClient& client, DeviceCause how);
    void leave(Entry& entry, DeviceCause why);
    void change(Entry& entry, bool online, DeviceCause cause);

    const Limits limits_;
    Metrics& metrics_;
    const Clock& clock_;
    std::vector<std::string> globs_;
    ById by_id_;
    std::list<std::string> offline_;  // ids, who left first comes first
    std::vector<Device> changes_;
};

}  // namespace rtbridge
