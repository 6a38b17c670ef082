#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/thread_role.h"
#include "config/config.h"
#include "handoff/metrics.h"
#include "handoff/shared_connections.h"
#include "transport/engineio_app.h"
#include "transport/engineio_conversation.h"
#include "transport/engineio_relay.h"
#include "transport/engineio_session.h"

namespace rtbridge {

// Engine.IO 4 below one path: sessions by their sid, what answers requests, and what takes
// WebSockets. Origin and path were checked before.
//
// Sessions count against limits.connections and limits.connections_per_ip on their own: on polling
// there are more of them than connections. One whose client has vanished ends by its ping timeout.
//
// Thread: listener. Outlives connections that hold what it gave them.
class EngineIoServer {
public:
    struct Dependencies {  // all outlive the server
        EngineIoApp& app;
        Metrics& metrics;
        const Clock& clock;
        SharedConnections& connections;
    };
    EngineIoServer(const Dependencies& dependencies, const EngineIoSettings& settings,
                   const LimitsConfig& limits);
    EngineIoServer(const EngineIoServer&) = delete;
    EngineIoServer& operator=(const EngineIoServer&) = delete;
    ~EngineIoServer();

    // A reload: the settings are those of later sessions.
    void use(const EngineIoSettings& settings, const LimitsConfig& limits) ON_LISTENER_THREAD;

    // The answer to a request that is no upgrade. `cors` goes with it.
    [[nodiscard]] Answer answer(const HttpRequest& request,
                                const HttpHeaders& cors) ON_LISTENER_THREAD;
    // The headers of a POST have come and its body has not. The result lives until it is answered:
    // a session takes one at a time.
    [[nodiscard]] std::shared_ptr<void> announce_post(const HttpRequest& request)
        ON_LISTENER_THREAD;
    // Why an upgrade is not let in; nothing: converse().
    [[nodiscard]] std::optional<HttpReply> refuse_upgrade(const HttpRequest& request)
        ON_LISTENER_THREAD;
    [[nodiscard]] std::shared_ptr<Conversation> converse(WebSocket& socket,
                                                         HttpRequest request) ON_LISTENER_THREAD;

    // Where there are several listeners, before the first request: each server answers for the
    // sessions of all. `wakeup` is called on any listener's thread until leave_others().
    void join_others(EngineIoErrands& errands, Wakeup& wakeup);
    void leave_others() ON_LISTENER_THREAD;
    // In each turn of the loop.
    void run_errands() ON_LISTENER_THREAD;

    // When check() has to be called.
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const;
    void check(SteadyTime now) ON_LISTENER_THREAD;
    // And refuses what comes later.
    void close_all(CloseCode code, std::string_view reason) ON_LISTENER_THREAD;
    // After close_all(): handlers have heard of it, the WebSockets are closed, and requests for
    // sessions of other listeners are over.
    [[nodiscard]] bool all_closed() const {
        return winding_up_.empty() && sockets_ == 0 && !(relay_ && relay_->waits());
    }
    void recheck_access() ON_LISTENER_THREAD;
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }

    // For its sessions and conversations.

    void count_socket(int difference) { sockets_ += difference; }
    [[nodiscard]] const EngineIoSettings& settings() const { return *settings_; }
    [[nodiscard]] const LimitsConfig& limits() const { return limits_; }
    [[nodiscard]] Metrics& metrics() { return deps_.metrics; }
    [[nodiscard]] SteadyTime now() const { return deps_.clock.now(); }
    // Null: it may not be.
    [[nodiscard]] EngineIoSession* open_over(EngineIoConversation& socket,
                                             HttpRequest request) ON_LISTENER_THREAD;
    [[nodiscard]] EngineIoSession* offer_to(const std::string& sid,
                                            EngineIoConversation& socket) ON_LISTENER_THREAD;
    void schedule(EngineIoSession& session, std::optional<SteadyTime> deadline);
    // Its handler hears of the end, and what has gone is forgotten, with the next check().
    void wind_up(EngineIoSession& session);

private:
    [[nodiscard]] EngineIoSession* find(const std::string& sid) const;
    // The listener that has it, where that is another.
    [[nodiscard]] std::optional<std::uint32_t> owner_of(const std::string& sid) const;
    // A handshake that would be over a limit.
    [[nodiscard]] std::optional<HttpReply> refuse_session(const HttpRequest& request);
    [[nodiscard]] EngineIoSession& open(HttpRequest request,
                                        EngineIoConversation* socket) ON_LISTENER_THREAD;
    [[nodiscard]] Answer shake_hands(const HttpRequest& request) ON_LISTENER_THREAD;
    [[nodiscard]] std::string new_sid() const;
    [[nodiscard]] Answer route(const HttpRequest& request,
                               const HttpHeaders& cors) ON_LISTENER_THREAD;

    Dependencies deps_;
    std::shared_ptr<const EngineIoSettings> settings_;
    LimitsConfig limits_;
    int sockets_ = 0;  // conversations
    bool closed_ = false;
    std::set<std::pair<SteadyTime, EngineIoSession*>> due_;
    std::vector<EngineIoSession*> winding_up_;
    std::unordered_map<std::string, std::unique_ptr<EngineIoSession>> sessions_;
    std::unique_ptr<EngineIoRelay> relay_;  // null: there is one listener
};

}  // namespace rtbridge
