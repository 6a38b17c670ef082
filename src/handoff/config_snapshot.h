#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "access/tls_certificate.h"
#include "base/counter.h"
#include "config/config.h"
#include "handoff/failed_sample.h"
#include "handoff/invalid_reason.h"
#include "rules/socketio_events.h"

namespace rtbridge {

class HttpRoutes;

// Raised by the broker thread, read by status pages.
struct RuleCounters {
    Counter matched, ok, invalid, dropped;
    Counter quarantined;     // of the dropped, told on the quarantine topic
    Counter thinned;         // updates that max_rate or deadband kept from browsers
    Counter bodies_missing;  // bodies for browsers that could not be made of a publish
};
struct RuleStatistics : RuleCounters {
    std::array<Counter, static_cast<std::size_t>(InvalidReason::Count)> invalid_by;
    Counter timed;     // messages whose time was taken
    Counter timed_ns;  // what the rule took of the broker's thread for these
    FailedSampleSlot failed;
};

struct RuleStatus {
    RuleConfig config;
    std::string key_name;  // the query parameter that selects by this rule's key; empty = none
    std::shared_ptr<const RuleStatistics> statistics;
};

struct ReloadStatus {
    bool ok = true;
    std::int64_t at_unix_ms = 0;
    std::string error;  // first mistake as file:line:column: ..., empty when ok
};

// How it stands with what the broker kept as retained (broker.connect).
struct RetainedStatus {
    enum class State : std::uint8_t { Off, Reading, Read, Failed };
    State state = State::Off;
    std::int64_t at_unix_ms = 0;  // since when
    std::string error;            // why it failed, or what was left out; empty: nothing
};

// What a listener knows of the running configuration; crosses whole at every reload.
struct ConfigSnapshot {
    std::uint64_t generation = 1;  // raised by each reload that took effect
    ListenerConfig listener;
    LimitsConfig limits;
    SocketIoConfig socketio;
    std::optional<AuthConfig> auth;
    AccessPtr access;
    std::shared_ptr<const TlsCertificate> tls;    // null: plain HTTP
    std::optional<MqttTunnelConfig> mqtt_tunnel;  // absent: no MQTT over WebSocket
    std::vector<RuleStatus> rules;
    std::shared_ptr<const HttpRoutes> http_routes;  // null: none
    // Never null.
    std::shared_ptr<const SocketIoEvents> socketio_events =
        std::make_shared<const SocketIoEvents>();
    ReloadStatus reload;
    RetainedStatus retained;
    std::vector<std::string> restart_required;  // keys whose change waits for a restart
};
using ConfigSnapshotPtr = std::shared_ptr<const ConfigSnapshot>;

}  // namespace rtbridge
