#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "access/login_cache.h"
#include "base/clock.h"
#include "base/log_limiter.h"
#include "handoff/config_snapshot.h"
#include "handoff/metrics.h"
#include "handoff/publish_desk.h"
#include "handoff/shared_connections.h"
#include "listener/session_access.h"
#include "listener/sessions.h"
#include "rules/json_document.h"
#include "transport/api_context.h"
#include "transport/engineio_mount.h"
#include "transport/full_mode_shape.h"
#include "transport/login_worker.h"
#include "transport/mqtt_tunnels.h"
#include "transport/request_facts_pool.h"
#include "transport/sse_shape.h"

namespace rtbridge {

class Connection;

// What a listener thread knows; shared by everything that runs on it. Thread: listener.
struct ListenerState {
    ListenerState(ConfigSnapshotPtr snapshot, Metrics& all_metrics, const Clock& a_clock,
                  LogSink& a_log, SharedLogins& all_logins, SessionRegistry& all_sessions,
                  PublishDesk& publish_desk, SharedConnections& all_connections,
                  const std::string& epoch, uv_loop_s* uv_loop)
        : loop(uv_loop),
          config(std::move(snapshot)),
          metrics(all_metrics),
          clock(a_clock),
          log(a_log),
          logins(all_logins),
          registry(all_sessions),
          publishes(publish_desk),
          connections(all_connections),
          refusals(a_log),
          login_worker(loop, all_metrics),
          sse_shapes(epoch),
          sessions({all_metrics, a_clock, all_sessions, epoch}, config->limits),
          tunnels(loop, a_clock, a_log),
          started(a_clock.now()) {}

    [[nodiscard]] ApiContext api() {
        return {*config,   sessions, metrics,  clock,     started,      draining, logins,
                passwords, accesses, refusals, publishes, file_streams, &engines};
    }

    uv_loop_s* const loop;  // that of the thread
    ConfigSnapshotPtr config;
    Metrics& metrics;
    const Clock& clock;
    LogSink& log;
    SharedLogins& logins;
    SessionRegistry& registry;
    PublishDesk& publishes;
    SharedConnections& connections;
    LogLimiter refusals;
    LoginCache passwords;
    SessionAccessPool accesses;
    RequestFactsPool facts;
    FileStreams file_streams;
    LoginWorker login_worker;
    FullModeShapes full_mode_shapes;
    const SseShapes sse_shapes;
    JsonDocument frame_document;  // memory to parse what browsers send
    Sessions sessions;
    MqttTunnels tunnels;
    // Of which reading is to be switched off or on before the loop sleeps.
    std::unordered_set<Connection*> reading_changes;
    // Those of Socket.IO; emptied on the listener's thread when it ends.
    std::vector<EngineIoMount> engines;
    SteadyTime started;
    bool draining = false;
};

}  // namespace rtbridge
