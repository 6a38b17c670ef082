#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "access/shared_logins.h"
#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/log.h"
#include "base/result.h"
#include "base/thread_role.h"
#include "handoff/config_snapshot.h"
#include "handoff/mailbox.h"
#include "handoff/metrics.h"
#include "handoff/publish_desk.h"
#include "handoff/session_registry.h"
#include "handoff/shared_connections.h"
#include "handoff/shared_socketio.h"

namespace rtbridge {

struct ListenerState;

// A listener thread, seen from the broker thread: started once its socket listens and libwebsockets
// is up, fed through the mailbox, stopped at unload. Everything that it runs is private to it.
class Listener final : public Wakeup {
public:
    struct Dependencies {  // all outlive the listener
        Mailbox& mailbox;
        Metrics& metrics;
        const Clock& clock;
        LogSink& log;  // thread safe
        SharedLogins& logins;
        SessionRegistry& registry;
        PublishDesk& publishes;
        SharedConnections& connections;
        SharedSocketIo& socketio;
        std::string epoch;  // names the process, whose offsets are one sequence
        // Fills ListenerState::engines with others than that of [socketio]; called by the thread
        // before it serves.
        std::function<void(ListenerState&, Wakeup&)> mount{};
    };
    // Starts the thread and waits until it serves. Errors name what the operator has to change.
    [[nodiscard]] static Result<std::unique_ptr<Listener>, std::string> start(
        ConfigSnapshotPtr config, FileDescriptor socket,
        const Dependencies& dependencies) ON_BROKER_THREAD;
    // Says goodbye to every session within limits.drain_time, then joins.
    ~Listener() override;

    void wake() noexcept override;
    // Begins what the destructor waits for.
    void request_stop() noexcept ON_BROKER_THREAD;

private:
    class Loop;
    Listener();
    std::unique_ptr<Loop> loop_;
    std::thread thread_;
};

}  // namespace rtbridge
