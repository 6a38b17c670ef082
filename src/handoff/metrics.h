#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/counter.h"
#include "base/histogram.h"
#include "handoff/disconnects.h"
#include "handoff/gap.h"
#include "handoff/listener_figures.h"

namespace rtbridge {

// Every limit that can act. Each time it does, it is counted here and shows under its name in
// /api/status: nothing is refused or lost in silence.
enum class Limit : std::uint8_t {
    Connections,
    ConnectionsPerIp,
    ConnectionsPerUser,
    HandshakeTimeout,
    PingInterval,
    Header,
    Frame,
    Body,
    RequestsPerSecond,
    LoginsPerMinute,
    PasswordTime,
    LoginChecks,
    BadRequests,
    Subscriptions,
    QueueSoft,
    QueueHard,
    QueueCloseAfter,
    Mailbox,
    HistoryBytes,
    DrainTime,
    LogLines,
    ClientsAway,
    Recovery,
    Publishes,
    Thinning,
    Pacing,
    Files,
    TunnelBuffer,
    Announcements,
    Presence,
    StatusList,
    SocketIoPing,
    SocketIoConnect,
    SocketIoPayload,
    Errands,
    Quarantine,
    RuleMemory,
    Retained,
    Wills,
    Devices,
    Count,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Limit::Count)> limit_names =
    {
        "connections",
        "connections_per_ip",
        "connections_per_user",
        "handshake_timeout",
        "ping_interval",
        "header",
        "frame",
        "body",
        "requests_per_second",
        "logins_per_minute",
        "password_time",
        "login_checks",
        "bad_requests",
        "subscriptions",
        "queue.soft",
        "queue.hard",
        "queue.close_after",
        "mailbox",
        "history_bytes",
        "drain_time",
        "log_lines",
        "clients_away",
        "recovery",
        "publishes",
        "thinning",
        "pacing",
        "files",
        "tunnel_buffer",
        "announcements",
        "presence",
        "status_list",
        "socketio.ping_timeout",
        "socketio.connect_timeout",
        "socketio.max_payload",
        "errands",
        "quarantine",
        "rule_memory",
        "retained",
        "wills",
        "devices",
};

// The broker turns its loop at least ten times a second: after so long without a turn something is
// wrong.
inline constexpr std::chrono::seconds tick_silence_max{5};

// Each one is at /metrics: metrics_text.cpp does not compile without.
struct Counters {
    Counter messages_in;           // publishes of MQTT clients and browsers
    Counter publishes_browsers;    // ... that came from browsers
    Counter messages_matched;      // publishes that at least one rule matched
    Counter messages_invalid;      // ... that failed a step of a rule
    Counter messages_dropped;      // ... that on_invalid kept from everyone
    Counter messages_quarantined;  // ... of which rtbridge/quarantine/<rule> was told
    Counter publishes_derived;     // published to another topic by mqtt = "publish:..."
    Counter wills;                 // of MQTT clients, shown to browsers by the rules
    Counter retained_read;         // what the broker had retained, shown to browsers likewise
    Counter retained_outdated;     // ... that a publish had overtaken
    Counter broker_refused;        // replacements and publishes that the broker did not take
    Counter updates_out;           // delivered to sessions, each session counts
    Counter updates_conflated;     // replaced by a newer value in a session's queue
    Counter updates_dropped;       // lost to a session: queue or mailbox was full
    Counter updates_not_json;      // skipped where only JSON fits
    Counter bodies_missing;        // for browsers, that could not be made of a publish
    Counter updates_thinned;       // kept from browsers by max_rate or deadband of a rule
    Counter logins;                // MQTT clients and browsers that proved who they are
    Counter logins_refused;        // ... that could not
    Counter denied_mqtt;           // publishes and subscriptions of MQTT clients
    Counter denied_browsers;       // requests and selections of browsers
    Counter filtered_mqtt;         // deliveries that an MQTT subscriber may not receive
    Counter filtered_browsers;     // deliveries that a session may not receive
    Counter tunnels_failed;        // MQTT tunnels that did not reach the broker
    Counter events_unknown;        // of Socket.IO clients, which no socketio.on names
    Counter listener_errors;       // turns of a listener cut short, out of memory
};

// Figures that several threads write and any thread reads.
struct Metrics : Counters {
    std::array<Counter, static_cast<std::size_t>(GapReason::Count)> gaps;  // told to sessions
    std::array<Counter, static_cast<std::size_t>(Limit::Count)> limits;
    Disconnects disconnects;
    Histogram broker_thread;       // of a publish in Bridge::on_publish(); a sample
    AllListenerFigures listeners;  // each thread's own
    std::atomic<SteadyTime> last_tick{SteadyTime{}};  // broker's last turn; SteadyTime{} = none yet
    std::string mosquitto_version;  // of its headers, when built; set before the listeners start

    [[nodiscard]] Counter& gap(GapReason why) { return gaps.at(static_cast<std::size_t>(why)); }
    void hit(Limit limit, std::uint64_t n = 1) noexcept {
        limits.at(static_cast<std::size_t>(limit)).add(n);
    }
};

}  // namespace rtbridge
