#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/thread_role.h"
#include "handoff/metrics.h"
#include "listener/session.h"
#include "listener/session_access.h"

namespace rtbridge {

// An established WebSocket, as what is spoken over it sees it: a SessionOutput whose write() takes
// whole WebSocket frames (websocket_frame()).
//
// Thread: listener.
class WebSocket : public SessionOutput {
public:
    // Nothing is read any more until resume_reading(); the browser then has to wait.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
    // Ends the connection at the next turn of the loop, without a close frame.
    virtual void abandon() = 0;
    [[nodiscard]] virtual const std::string& peer_address() const = 0;  // of the socket
};

// What is spoken over one WebSocket: plain JSON, rtbridge.v1, Socket.IO, or an MQTT stream. Made
// when the handshake is accepted, begun when it is known who the browser is.
//
// Thread: listener. Owned by its connection, which is the WebSocket; what runs beside the loop
// holds a weak pointer.
class Conversation {
public:
    virtual ~Conversation() = default;

    struct Refusal {
        int http_status;       // before the WebSocket is open
        CloseCode close_code;  // when it is
        std::string message;
    };
    // Why someone may not have it.
    [[nodiscard]] virtual std::optional<Refusal> refuse(const SessionAccess& /*access*/)
        ON_LISTENER_THREAD {
        return std::nullopt;
    }
    // The WebSocket is open. `access` is null where credentials are to come in frames.
    virtual void begin(SessionAccessPtr access) ON_LISTENER_THREAD = 0;
    // begin() is overdue, or what the conversation itself waits for before it knows who that is.
    [[nodiscard]] virtual bool waits_for_hello() const { return false; }

    enum class Message : std::uint8_t { Text, Binary };
    // A message, or with streams() whatever part of one came.
    virtual void on_message(std::string_view message, Message kind) ON_LISTENER_THREAD = 0;
    [[nodiscard]] virtual bool streams() const { return false; }
    // How long a message may be; beyond, the connection is closed with 1009 and `limit` counted.
    struct MessageLimit {
        std::size_t bytes;
        Limit limit;
        std::string_view name;  // as in a close reason: "frame"
    };
    [[nodiscard]] virtual MessageLimit message_limit() const = 0;

    virtual void on_life() ON_LISTENER_THREAD {}  // any frame came
    virtual void on_writable() ON_LISTENER_THREAD {}
    // The browser's close frame came, which is answered.
    virtual void on_peer_close() ON_LISTENER_THREAD {}
    virtual void on_closed() ON_LISTENER_THREAD = 0;  // the connection is gone
    // A reload: closes what would not be let in any more.
    virtual void recheck_access() ON_LISTENER_THREAD {}
    // Ends it: through its session, where it has one.
    virtual void close(CloseCode code, std::string_view reason) ON_LISTENER_THREAD = 0;

    // For those whose session writes to the WebSocket itself (see SessionOutput).
    [[nodiscard]] virtual const WireShape& shape(std::uint32_t subscription) const;
    [[nodiscard]] virtual std::string_view transport() const = 0;
    [[nodiscard]] virtual SessionOutput::Liveness liveness() const {
        return SessionOutput::Liveness::Asked;
    }
    // A liveness probe, and frames that go before that of the close.
    [[nodiscard]] virtual std::string probe() ON_LISTENER_THREAD;
    [[nodiscard]] virtual std::string last_word(CloseCode /*code*/,
                                                std::string_view /*reason*/) const {
        return {};
    }
};

}  // namespace rtbridge
