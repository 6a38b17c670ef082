#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/thread_role.h"
#include "listener/session.h"
#include "transport/http_reply.h"

namespace rtbridge {

// A request whose answer comes later or goes on for long, as its responder sees the connection.
//
// Thread: listener.
class HttpExchange {
public:
    virtual ~HttpExchange() = default;
    // The whole answer; the exchange is over.
    virtual void reply(const HttpReply& reply) = 0;
    // Status and headers of an answer whose body is written in chunks (RFC 9112, 7.1), or, where
    // `head` has body_bytes, as so many bytes, or, where the request takes no chunks, as bytes
    // until the connection ends. The body of `head` is not sent.
    virtual void begin_stream(const HttpReply& head) = 0;

    // REQUIRES: begin_stream() before. write() takes whole chunks, as append_chunk() makes them,
    // or bytes, and may be called where ready(); ready() and request_writable() are those of a
    // SessionOutput.
    [[nodiscard]] virtual bool ready() const = 0;
    [[nodiscard]] virtual SessionOutput::Written write(std::string_view chunks) = 0;
    virtual void request_writable() = 0;
    // Ends the connection when what was written is not taken by the browser for so long.
    virtual void give_up_after(std::chrono::milliseconds patience) = 0;
    // Writes the last chunks or bytes, and ends the body; the exchange is over. Then ends the
    // connection, unless the number of bytes was announced and kept: a browser that gets fewer, and
    // one that does not read for limits.queue.close_after, are hung up on.
    virtual void end_stream(std::string_view last_chunks) = 0;
};

// What answers a request at a time of its own. Kept alive by the connection until it replied or the
// connection is gone.
//
// Thread: listener.
class HttpResponder {
public:
    virtual ~HttpResponder() = default;
    // `exchange` lives until it is over, or until on_gone().
    virtual void begin(HttpExchange& exchange) ON_LISTENER_THREAD = 0;
    virtual void on_writable() ON_LISTENER_THREAD {}
    // The connection is gone: the browser left before the exchange was over, or the end of a stream
    // was sent.
    virtual void on_gone() ON_LISTENER_THREAD = 0;
    // A reload.
    virtual void recheck_access() ON_LISTENER_THREAD {}
};

// Appends `bytes` as one chunk. REQUIRES: not empty, which would end the body.
void append_chunk(std::string& out, std::string_view bytes);

}  // namespace rtbridge
