#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/mqtt_access.h"
#include "access/shared_logins.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/thread_role.h"
#include "broker.h"
#include "client_watch.h"
#include "configuration.h"
#include "handoff/config_snapshot.h"
#include "handoff/doorbell.h"
#include "handoff/metrics.h"
#include "handoff/outbox.h"
#include "handoff/publish_request.h"
#include "handoff/session_registry.h"
#include "listeners.h"
#include "quarantine.h"
#include "retained_state.h"
#include "rules/rule_set.h"
#include "rules/rule_workspace.h"
#include "thinning.h"

namespace rtbridge {

inline constexpr const char* default_config_path = "/etc/rtbridge/rtbridge.toml";

// The data path inside the broker: publish -> match rules -> enrich -> hand off. Owns the rules,
// the listeners and their mailboxes; the plugin calls it, nothing else does.
//
// Thread: broker.
class Bridge {
public:
    struct Options {
        // Absent: default_config_path, and without a file there the built-in defaults.
        std::optional<std::string> config_path;
        std::string mosquitto_version;  // of the headers that the plugin was built with
    };
    // Reads the configuration, binds the port and starts the listeners. Null where that fails;
    // `log` got one line for each mistake, naming file or option and the reason.
    [[nodiscard]] static std::unique_ptr<Bridge> create(Options options, Broker& broker,
                                                        Doorbell& doorbell, LogSink& log,
                                                        const Clock& clock) ON_BROKER_THREAD;

    // What is to become of a publish.
    struct Verdict {
        bool drop = false;
        std::optional<std::string> replacement;  // new payload towards MQTT
    };
    [[nodiscard]] Verdict on_publish(const Publish& publish, int qos) ON_BROKER_THREAD;

    // The broker had no memory for a replacement: subscribers got what the device sent.
    void on_replacement_lost() ON_BROKER_THREAD { metrics_.broker_refused.add(); }

    // The MQTT side of access. Thread: any.
    [[nodiscard]] MqttAccess& mqtt_access() { return mqtt_access_; }

    // What the broker says of its MQTT clients beside their publishes, in its order (ClientWatch).
    // Each costs nothing where nobody wants to know.
    [[nodiscard]] bool watches_clients() const { return client_watch_.active(); }
    [[nodiscard]] bool wants_presence() const { return client_watch_.wants_presence(); }
    void on_client_message(const MqttClient& client) ON_BROKER_THREAD;  // before on_publish()
    void on_client_login(const MqttClient& client) ON_BROKER_THREAD;
    void on_client_connect(const MqttClient& client) ON_BROKER_THREAD;
    void on_client_access(const MqttClient& client, MqttRequest request, bool allowed,
                          std::string_view topic, std::string_view payload) ON_BROKER_THREAD;
    void on_client_disconnect(const MqttClient& client, int reason) ON_BROKER_THREAD;

    // Once per turn of the broker's loop: one wake-up for all that was handed off, the publishes of
    // browsers, and the log lines of the listener. True: the broker got something to publish.
    bool on_tick() ON_BROKER_THREAD;

    // Reads the configuration again. With a mistake in it everything stays as it was.
    void on_reload() ON_BROKER_THREAD;

private:
    Bridge(Options options, Broker& broker, Doorbell& doorbell, LogSink& log, const Clock& clock);

    [[nodiscard]] Result<Configuration, std::string> load() ON_BROKER_THREAD;
    void adopt(Configuration loaded) ON_BROKER_THREAD;
    [[nodiscard]] ConfigSnapshotPtr make_snapshot() const ON_BROKER_THREAD;
    void count(const Publish& publish, const Outcome& outcome) ON_BROKER_THREAD;
    void keep_sample(const Publish& publish, const RuleResult& result, FailedSampleSlot& slot);
    void put_in_quarantine(const Publish& publish, int qos,
                           const Outcome& outcome) ON_BROKER_THREAD;
    void pass_on(const Publish& publish, int qos, Outcome& outcome) ON_BROKER_THREAD;
    void hand_off(BrowserUpdate&& update) ON_BROKER_THREAD;
    void push(std::shared_ptr<Update> update) ON_BROKER_THREAD;
    // Wills, devices and what was retained: bridge_clients.cpp
    void write_what_stays_unseen() ON_BROKER_THREAD;
    void kick_clients() ON_BROKER_THREAD;
    void show_clients() ON_BROKER_THREAD;
    void show_wills() ON_BROKER_THREAD;
    void show_will(const Will& will) ON_BROKER_THREAD;
    void show_device(const Device& device) ON_BROKER_THREAD;
    void take_retained() ON_BROKER_THREAD;
    void show_retained(const RetainedMessage& message) ON_BROKER_THREAD;
    // Publishes of browsers and thinning: bridge_browsers.cpp
    void show_browsers(BrowserUpdate&& update) ON_BROKER_THREAD;
    void show_what_waited() ON_BROKER_THREAD;
    bool take_browser_publishes() ON_BROKER_THREAD;
    [[nodiscard]] PublishResult publish_of_browser(const PublishRequest& request) ON_BROKER_THREAD;
    void wake_listeners() ON_BROKER_THREAD;
    void write_log_lines() ON_BROKER_THREAD;
    void write_capacity() ON_BROKER_THREAD;
    void warn_without_ticks() ON_BROKER_THREAD;

    Options options_;
    Broker& broker_;
    Doorbell& doorbell_;
    LogSink& log_;
    const Clock& clock_;

    Config config_;
    std::shared_ptr<const RuleSet> rules_;
    std::shared_ptr<const SocketIoEvents> socketio_events_;
    AccessPtr access_;
    std::shared_ptr<const HttpRoutes> http_routes_;
    std::shared_ptr<const TlsCertificate> tls_;                // what the listeners show
    std::vector<std::shared_ptr<RuleStatistics>> statistics_;  // by rule index
    RuleWorkspace workspace_;
    std::uint64_t generation_ = 0;
    ReloadStatus reload_;
    bool from_file_ = false;  // what runs was read from a file
    std::vector<std::string> restart_required_;
    ListenerConfig bound_;  // as the listeners were started with

    Metrics metrics_;
    SharedLogins logins_;
    SessionRegistry registry_;
    const std::string epoch_;  // of offsets
    Outbox outbox_{metrics_};
    MqttAccess mqtt_access_;
    Thinning thinning_;
    Quarantine quarantine_;
    ClientWatch client_watch_;
    RetainedState retained_;
    std::uint64_t next_offset_ = 1;
    std::uint32_t untimed_ = 0;  // publishes until the next one that is timed
    const SteadyTime started_;
    bool ticked_ = false;
    bool warned_without_ticks_ = false;
    std::unique_ptr<Listeners> listeners_;  // last: their threads use the members above
};

}  // namespace rtbridge
