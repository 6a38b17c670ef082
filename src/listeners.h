#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/shared_logins.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/thread_role.h"
#include "handoff/config_snapshot.h"
#include "handoff/doorbell.h"
#include "handoff/mailbox.h"
#include "handoff/metrics.h"
#include "handoff/publish_desk.h"
#include "handoff/session_registry.h"
#include "handoff/shared_connections.h"
#include "handoff/shared_socketio.h"
#include "handoff/update.h"
#include "transport/file_limit.h"
#include "transport/listener.h"

namespace rtbridge {

// All listener threads, seen from the broker thread. They share one port, whose connections the
// kernel spreads over them, and know nothing of each other: each has a mailbox of its own, and gets
// every update.
//
// Thread: broker.
class Listeners {
public:
    struct Dependencies {  // all outlive the listeners
        Metrics& metrics;
        const Clock& clock;
        LogSink& log;  // thread safe
        SharedLogins& logins;
        SessionRegistry& registry;
        Doorbell& doorbell;  // of the broker thread
        std::string epoch;   // names the process, whose offsets are one sequence
    };
    // Binds, starts listener.threads threads and waits until all of them serve; where one can't,
    // none is left. Errors name what the operator has to change.
    [[nodiscard]] static Result<std::unique_ptr<Listeners>, std::string> start(
        const ConfigSnapshotPtr& config, const Dependencies& dependencies) ON_BROKER_THREAD;
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;
    // All say goodbye to their sessions at once, within limits.drain_time together, then joins.
    ~Listeners();

    // Returns how many older updates this one pushed out of mailboxes, each mailbox counts.
    std::size_t push(const UpdatePtr& update) ON_BROKER_THREAD;
    void set_snapshot(const ConfigSnapshotPtr& snapshot) ON_BROKER_THREAD;
    // What browsers want published: up to `most` of each listener's, oldest first. `publish` says
    // what became of one, and its listener is told. True: there was any.
    using PublishOne = std::function<PublishResult(const PublishRequest&)>;
    bool serve_publishes(std::size_t most, const PublishOne& publish) ON_BROKER_THREAD;
    [[nodiscard]] bool any_publishes_waiting() const noexcept ON_BROKER_THREAD;
    // Those that sleep and have mail; one call per turn of the broker's loop.
    void wake() noexcept ON_BROKER_THREAD;

    // http://127.0.0.1:8080, or https with TLS, with the port that the kernel chose where the
    // configuration says 0.
    [[nodiscard]] const std::string& url() const { return url_; }
    // How many connections the file limit leaves for browsers.
    [[nodiscard]] std::uint32_t room() const { return file_limit_.connections_allowed; }
    // How many browsers there is room for and what bounds that, in words for the log.
    [[nodiscard]] std::string capacity(const LimitsConfig& limits) const;

private:
    struct Thread {
        Thread(Mailbox::Limits limits, const Dependencies& deps)
            : mailbox(limits), publishes({}, deps.doorbell, deps.metrics, deps.clock) {}
        Mailbox mailbox;
        PublishDesk publishes;
        std::unique_ptr<Listener> listener;
    };
    Listeners(FileLimit file_limit, Metrics& metrics)
        : file_limit_(file_limit),
          connections_(file_limit.connections_allowed),
          socketio_(metrics) {}

    FileLimit file_limit_;
    SharedConnections connections_;
    SharedSocketIo socketio_;
    std::string url_;
    std::vector<std::unique_ptr<Thread>> threads_;  // last: they use the members above
};

}  // namespace rtbridge
