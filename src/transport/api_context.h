#pragma once

#include "access/login_cache.h"
#include "access/shared_logins.h"
#include "base/clock.h"
#include "base/log_limiter.h"
#include "handoff/config_snapshot.h"
#include "handoff/metrics.h"
#include "handoff/publish_desk.h"
#include "listener/session_access.h"
#include "listener/sessions.h"
#include "transport/engineio_mount.h"
#include "transport/file_stream.h"

namespace rtbridge {

// What requests are answered from: views of the listener's state, valid during a request.
struct ApiContext {
    const ConfigSnapshot& config;
    const Sessions& sessions;
    Metrics& metrics;
    const Clock& clock;
    SteadyTime started;
    bool draining = false;
    SharedLogins& logins;
    LoginCache& passwords;
    SessionAccessPool& accesses;
    LogLimiter& refusals;  // of what browsers were not allowed
    PublishDesk& publishes;
    FileStreams& file_streams;
    const std::vector<EngineIoMount>* engines = nullptr;

    [[nodiscard]] const Authenticator& authenticator() const {
        return *config.access->authenticator;
    }
    [[nodiscard]] const Policy& policy() const { return *config.access->policy; }
    [[nodiscard]] EngineIoServer* engine_at(std::string_view path) const {
        return engines == nullptr ? nullptr : find_engine(*engines, path);
    }
    [[nodiscard]] std::int64_t now_unix_s() const { return clock.unix_ms() / 1000; }
};

}  // namespace rtbridge
