#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/visitor.h"
#include "base/thread_role.h"
#include "handoff/announcements.h"
#include "handoff/publish_request.h"
#include "listener/session.h"
#include "rules/request_values.h"
#include "rules/socketio_events.h"
#include "transport/request_error.h"
#include "transport/socketio_app.h"
#include "transport/socketio_login.h"
#include "transport/socketio_selection.h"

namespace rtbridge {

class SocketIoApplication;
struct ListenerState;

// One client of the Socket.IO application, from CONNECT until it leaves:
//
//     on_connect -> [login check beside the loop] -> session -> welcome -> events
//
// Its session has one subscription at most, whose selection follows what the client asks for, so
// that no update comes twice.
//
// Thread: listener. Owned by its socket, which outlives it; what runs beside the loop holds a weak
// pointer to `self_`.
class SocketIoClient final : public SocketIoHandler, private SessionOutput {
public:
    SocketIoClient(SocketIoApplication& application, SocketIoSocket& socket);
    SocketIoClient(const SocketIoClient&) = delete;
    SocketIoClient& operator=(const SocketIoClient&) = delete;
    ~SocketIoClient() override;

    void on_connect(std::string_view auth) override ON_LISTENER_THREAD;
    void on_event(const SocketIoEvent& event) override ON_LISTENER_THREAD;
    void on_life() override ON_LISTENER_THREAD;
    void on_writable() override ON_LISTENER_THREAD;
    void on_disconnect(std::string_view reason) override ON_LISTENER_THREAD;
    void recheck_access() override ON_LISTENER_THREAD;

    // REQUIRES: has a session, as all that the application knows.
    [[nodiscard]] const Identity& identity() const { return session_->access()->identity(); }
    void tell(const Announcement& announcement) ON_LISTENER_THREAD;

private:
    // An event while it is answered.
    struct Request {
        std::string_view event;
        const SocketIoEvents::Reaction& reaction;
        RequestValues values;
        std::optional<std::uint64_t> ack_id;
    };
    using Reaction = SocketIoEvents::Reaction;

    // SessionOutput: that of the socket, but for the last words before the end.
    [[nodiscard]] bool ready() const override { return socket_.output().ready(); }
    [[nodiscard]] Written write(std::string_view frames) override {
        return socket_.output().write(frames);
    }
    void request_writable() override { socket_.output().request_writable(); }
    void ping() override {}
    [[nodiscard]] Liveness liveness() const override { return Liveness::Elsewhere; }
    void close(CloseCode code, std::string_view reason) override;
    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const override {
        return socket_.output().shape(subscription);
    }
    [[nodiscard]] std::string_view transport() const override {
        return socket_.output().transport();
    }

    // Who it is.
    void identify(const CheckedLogin* checked) ON_LISTENER_THREAD;
    void check_beside_loop(LoginCheck check) ON_LISTENER_THREAD;
    void open(Visitor visitor) ON_LISTENER_THREAD;
    void refuse(const SocketIoRefusal& refusal) ON_LISTENER_THREAD;
    void welcome() ON_LISTENER_THREAD;
    // False: of what it wants nothing is allowed any more.
    [[nodiscard]] bool keep_allowed() ON_LISTENER_THREAD;

    [[nodiscard]] bool closing() const { return session_ == nullptr || session_->closing(); }
    [[nodiscard]] bool has_role(const std::string& role) const;
    [[nodiscard]] RequestValues values() const;
    void want(SocketIoSelection selection, bool snapshot) ON_LISTENER_THREAD;
    void send_error(std::string_view code, std::string_view message) ON_LISTENER_THREAD;

    // What it asks for: socketio_client_events.cpp
    void answer(const SocketIoEvent& event) ON_LISTENER_THREAD;
    void perform(Request& request) ON_LISTENER_THREAD;
    void subscribe(Request& request) ON_LISTENER_THREAD;
    void unsubscribe(Request& request) ON_LISTENER_THREAD;
    void subscribe_all(Request& request) ON_LISTENER_THREAD;
    void tell_latest(Request& request) ON_LISTENER_THREAD;
    void tell_status(Request& request) ON_LISTENER_THREAD;
    void notify(Request& request) ON_LISTENER_THREAD;
    void publish(Request& request) ON_LISTENER_THREAD;
    void on_published(const std::string& event, const std::string& body,
                      std::optional<std::uint64_t> ack_id, PublishResult result) ON_LISTENER_THREAD;
    // False: refused and answered.
    [[nodiscard]] bool read_key(Request& request, std::string& key) ON_LISTENER_THREAD;
    [[nodiscard]] bool allow(const Request& request, const Selection& selection) ON_LISTENER_THREAD;
    void reply(const Request& request, std::string_view default_body) ON_LISTENER_THREAD;
    void refuse(const Request& request, const RequestError& error) ON_LISTENER_THREAD;
    void refuse(std::optional<std::uint64_t> ack_id, const RequestError& error) ON_LISTENER_THREAD;

    SocketIoApplication& application_;
    ListenerState& state_;
    SocketIoSocket& socket_;
    std::shared_ptr<SocketIoClient*> self_;
    std::optional<std::string> token_;  // while it is being found out who it is
    Session* session_ = nullptr;        // owned by Sessions
    SocketIoSelection selection_;
    std::uint32_t subscription_ = 0;  // 0: there is none
};

}  // namespace rtbridge
