#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/access.h"
#include "access/login_throttle.h"
#include "access/mqtt_clients.h"
#include "access/mqtt_proofs.h"
#include "access/mqtt_request.h"
#include "access/reader_pass.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_limiter.h"
#include "config/config.h"
#include "handoff/metrics.h"

namespace rtbridge {

// The MQTT side of access: logs clients in, decides what they ask for, remembers who they are as
// long as the broker may ask about them. Fails closed.
//
// Thread: any, by one lock that the listener never takes. The broker calls from its own thread; the
// HTTP API of Mosquitto 2.1 calls from another one. `log` has to be thread safe.
class MqttAccess {
public:
    // Clients whose connection is gone and that are remembered: for wills, and for what durable
    // clients receive while they are away.
    static constexpr std::size_t clients_away_max = 50'000;
    static constexpr std::size_t clients_away_bytes_max = 128 * MiB;

    struct Dependencies {  // all outlive this
        LoginThrottle& throttle;
        Metrics& metrics;
        const Clock& clock;
        LogSink& log;
        // The common name in the certificate that the broker verified of a connection; empty: it
        // has none. Only called with the connection that is being asked about.
        std::function<std::string(const void* connection)> certificate_name;
    };
    explicit MqttAccess(Dependencies dependencies);

    // A new configuration: logins and decisions follow it from now on.
    void adopt(AccessPtr access, const Config& config);

    // Whether the broker has to ask us at all.
    [[nodiscard]] bool wants_logins() const;
    [[nodiscard]] bool wants_checks() const;

    // May it connect? `password` empty: none given. Takes up to limits.password_time.
    [[nodiscard]] bool login(const MqttClient& client, std::string_view password);
    // May it do this on `topic` (Subscribe: a filter, perhaps with "$share/<group>/")?
    [[nodiscard]] bool allows(const MqttClient& client, MqttRequest request,
                              std::string_view topic);
    void disconnected(const MqttClient& client);

    // From now on lets in, once, a client of ours that reads what the broker retained: under this
    // id and password. The id is empty where there is no randomness to be had.
    struct ReaderLogin {
        std::string id;
        std::string password;
    };
    [[nodiscard]] ReaderLogin expect_reader();
    void forget_reader();

    // Clients that have to go: their token expired, or they may do nothing any more. Call once per
    // turn of the broker's loop and kick them.
    [[nodiscard]] std::vector<std::string> take_kicks();

private:
    [[nodiscard]] bool admit_reader(const MqttClient& client, std::string_view password);
    [[nodiscard]] static bool is_away(const MqttClient& client, const MqttConnection* known);
    [[nodiscard]] MqttConnection& connection_of(const MqttClient& client, MqttRequest request);
    [[nodiscard]] bool is_asking(const MqttClient& client, const MqttConnection& known) const;
    [[nodiscard]] bool source_may_still(const MqttClient& author, std::string_view topic);
    [[nodiscard]] MqttConnection vouched_connection(const MqttClient& client) const;
    [[nodiscard]] std::shared_ptr<const Identity> vouched_for(const MqttClient& client,
                                                              std::string_view name) const;
    [[nodiscard]] const Grants& grants_of(MqttConnection& connection);
    [[nodiscard]] bool expired(const MqttConnection& connection) const;
    [[nodiscard]] bool decide(MqttConnection& connection, MqttRequest request,
                              std::string_view topic);
    void refuse(const MqttClient& client, const MqttConnection& connection, MqttRequest request,
                std::string_view topic);
    void forget_everyone();
    void forget_expiry(const MqttClients::Entry* entry);
    void kick_expired(std::vector<std::string>& kicks);
    void kick_powerless(std::vector<std::string>& kicks);
    void log(const std::string& line);

    Dependencies deps_;
    mutable std::mutex mutex_;  // guards all below
    AccessPtr access_;
    MqttProofs proofs_;
    ReaderPass reader_;
    bool wants_logins_ = false;
    bool wants_checks_ = false;
    // The broker runs its clients through their logins again right after a reload.
    bool reapplying_ = false;
    MqttClients clients_{clients_away_max, clients_away_bytes_max};
    MqttConnection stranger_;  // of the client being asked about, where nothing is to be kept
    std::set<std::pair<std::int64_t, std::string>> expiries_;  // unix s, id; of who is online
    // After a reload: clients that are connected, and what they could do before.
    std::vector<std::pair<std::string, std::shared_ptr<const Grants>>> to_review_;
    LogLimiter log_limiter_;
};

}  // namespace rtbridge
