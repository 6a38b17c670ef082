#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/clock.h"
#include "base/thread_role.h"
#include "handoff/shared_socketio.h"
#include "rules/working_payload.h"
#include "transport/socketio_app.h"

namespace rtbridge {

struct ListenerState;
class SocketIoClient;

// The Socket.IO application that [socketio] describes: welcome events, what clients may ask for,
// and what all of them are told (protocols 3.4). There is one namespace, "/".
//
// Thread: listener; one per listener. Outlives its clients.
class SocketIoApplication final : public SocketIoApp {
public:
    // `wakeup` is called on any listener's thread when deliver_announcements() has something to do.
    // All outlive the application.
    SocketIoApplication(ListenerState& state, SharedSocketIo& shared, Wakeup& wakeup);
    SocketIoApplication(const SocketIoApplication&) = delete;
    SocketIoApplication& operator=(const SocketIoApplication&) = delete;
    ~SocketIoApplication() override;

    [[nodiscard]] std::unique_ptr<SocketIoHandler> connect(
        std::string_view name_space, SocketIoSocket& socket) override ON_LISTENER_THREAD;

    // Tells the clients of this listener what was announced at any.
    void deliver_announcements() ON_LISTENER_THREAD;
    // Nothing is announced here any more, and nobody woken.
    void leave_announcements();
    // Several times a second.
    void check(SteadyTime now) ON_LISTENER_THREAD;

    // For its clients.

    [[nodiscard]] ListenerState& state() { return state_; }
    [[nodiscard]] SharedSocketIo& shared() { return shared_; }
    void add(SocketIoClient& client) ON_LISTENER_THREAD;
    void remove(SocketIoClient& client) ON_LISTENER_THREAD;
    // Memory to parse an event's argument and what is told of an update.
    [[nodiscard]] WorkingPayload& argument() { return argument_; }
    [[nodiscard]] WorkingPayload& payload() { return payload_; }
    // Replies that wait for the broker, up to replies_bytes_max. False: there is no room.
    [[nodiscard]] bool keep_reply(std::size_t bytes) ON_LISTENER_THREAD;
    void forget_reply(std::size_t bytes) ON_LISTENER_THREAD { reply_bytes_ -= bytes; }
    static constexpr std::size_t reply_bytes_max = 16 * MiB;

private:
    void announce_presence(const std::string& user, const std::string& event) ON_LISTENER_THREAD;

    ListenerState& state_;
    SharedSocketIo& shared_;
    std::shared_ptr<Announcements::Inbox> inbox_;
    std::unordered_set<SocketIoClient*> clients_;  // with a session
    WorkingPayload argument_;
    WorkingPayload payload_;
    std::size_t reply_bytes_ = 0;
};

}  // namespace rtbridge
