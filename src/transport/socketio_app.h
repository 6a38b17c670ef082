#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_role.h"
#include "listener/session.h"
#include "transport/http_request.h"

namespace rtbridge {

// One client in one namespace, as the application sees it.
//
// Thread: listener. Lives until SocketIoHandler::on_disconnect() has returned.
class SocketIoSocket {
public:
    virtual ~SocketIoSocket() = default;
    [[nodiscard]] virtual const std::string& id() const = 0;  // Socket.IO's sid, no secret
    // The request that opened the Engine.IO session: its query, cookies and origin.
    [[nodiscard]] virtual const HttpRequest& handshake() const = 0;

    // The answer to CONNECT, once: now or later. Refused, the namespace is left and the handler
    // gets on_disconnect(). `data`: JSON, or empty.
    virtual void accept() ON_LISTENER_THREAD = 0;
    virtual void refuse(std::string_view message, std::string_view data) ON_LISTENER_THREAD = 0;

    // `arguments`: JSON values, without the brackets around them: "1,{\"a\":2}"; may be empty.
    // What is sent here overtakes updates that wait in the session's queue, and nothing else.
    virtual void emit(std::string_view event, std::string_view arguments) ON_LISTENER_THREAD = 0;
    // With binary attachments, whose placeholders stand in `arguments`.
    virtual void emit(std::string_view event, std::string_view arguments,
                      const std::vector<std::string>& attachments) ON_LISTENER_THREAD = 0;
    virtual void acknowledge(std::uint64_t id, std::string_view arguments,
                             const std::vector<std::string>& attachments) ON_LISTENER_THREAD = 0;
    // DISCONNECT; the namespace is left, the connection stays.
    virtual void disconnect() ON_LISTENER_THREAD = 0;
    // Ends the connection, of whichever transport.
    virtual void close(CloseCode code, std::string_view reason) ON_LISTENER_THREAD = 0;

    // Where a Session of this client writes to: updates as EVENT packets of its namespace. Session
    // frames are those of SocketIoShape.
    [[nodiscard]] virtual SessionOutput& output() = 0;
};

// An EVENT of a client. Views, valid during the call.
struct SocketIoEvent {
    std::string_view name;
    // The JSON of what follows the name, one entry per argument, exactly as it came.
    std::vector<std::string_view> arguments;
    std::vector<std::string> attachments;
    std::optional<std::uint64_t> ack_id;
};

// What the application does with one client of one namespace. Nothing but on_connect() is called
// before it was accepted.
class SocketIoHandler {
public:
    virtual ~SocketIoHandler() = default;
    // `auth`: the JSON object that came with CONNECT, or empty.
    virtual void on_connect(std::string_view auth) ON_LISTENER_THREAD = 0;
    virtual void on_event(const SocketIoEvent& event) ON_LISTENER_THREAD = 0;
    // Any packet of the client is a sign of life; the transport has heartbeats of its own.
    virtual void on_life() ON_LISTENER_THREAD {}
    virtual void on_writable() ON_LISTENER_THREAD {}  // output().request_writable() was called
    virtual void on_disconnect(std::string_view reason) ON_LISTENER_THREAD = 0;  // last call
    virtual void recheck_access() ON_LISTENER_THREAD {}                          // a reload
};

class SocketIoApp {
public:
    virtual ~SocketIoApp() = default;
    // Null: there is no such namespace.
    [[nodiscard]] virtual std::unique_ptr<SocketIoHandler> connect(
        std::string_view name_space, SocketIoSocket& socket) ON_LISTENER_THREAD = 0;
};

}  // namespace rtbridge
