#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "base/thread_role.h"
#include "config/config.h"

struct uv_loop_s;
struct uv_poll_s;

namespace rtbridge {

// A TCP connection to the broker's MQTT listener, on the listener's loop: bytes both ways, nothing
// that blocks. What the broker does not take waits here, without a limit: whoever sends has to look
// at waiting_bytes().
//
// Thread: listener. Its loop must run once more after it is destroyed.
class BrokerLink {
public:
    // Whom it tells. It may be finished in any of these calls, but not destroyed.
    class User {
    public:
        virtual ~User() = default;
        virtual void on_connected() ON_LISTENER_THREAD = 0;
        // Bytes may have come. False: not now; set_reading() says when.
        [[nodiscard]] virtual bool takes_bytes() ON_LISTENER_THREAD = 0;
        virtual void on_broker_bytes(std::string_view bytes) ON_LISTENER_THREAD = 0;
        virtual void on_sent() ON_LISTENER_THREAD = 0;  // some of what waited
        // The connection is over, or was never made; nothing else is told any more.
        virtual void on_broker_closed(std::string_view why) ON_LISTENER_THREAD = 0;
    };

    // `user` outlives the link, or finishes it. Errors: why no connection can be made.
    [[nodiscard]] static Result<std::unique_ptr<BrokerLink>, std::string> open(
        uv_loop_s* loop, const BindAddress& to, User& user) ON_LISTENER_THREAD;
    BrokerLink(const BrokerLink&) = delete;
    BrokerLink& operator=(const BrokerLink&) = delete;
    ~BrokerLink();

    void send(std::string_view bytes) ON_LISTENER_THREAD;
    [[nodiscard]] std::size_t waiting_bytes() const { return waiting_.size(); }
    void set_reading(bool reading) ON_LISTENER_THREAD;
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::string local_address() const;  // "127.0.0.1:54321"

    // The user is told nothing any more. What waits is sent, then the end of the stream; what still
    // comes is thrown away until the broker closes. (Closed with bytes unread, the system would
    // reset the connection, and the broker might miss the last that it was sent.)
    void finish() ON_LISTENER_THREAD;
    [[nodiscard]] bool closed() const { return poll_ == nullptr; }

private:
    BrokerLink(FileDescriptor socket, User& user) : socket_(std::move(socket)), user_(&user) {}

    void watch(uv_loop_s* loop) ON_LISTENER_THREAD;
    void on_event(int status, int events) noexcept ON_LISTENER_THREAD;
    void on_connect_result() ON_LISTENER_THREAD;
    void flush() ON_LISTENER_THREAD;
    [[nodiscard]] std::size_t write_some(std::string_view bytes) ON_LISTENER_THREAD;
    void read_some() ON_LISTENER_THREAD;
    void end(std::string_view why) ON_LISTENER_THREAD;
    void close() ON_LISTENER_THREAD;
    // Polls for what is of use now.
    void update_interest() ON_LISTENER_THREAD;

    FileDescriptor socket_;
    uv_poll_s* poll_ = nullptr;  // owned by the loop from its close on
    User* user_;                 // null: finished
    std::string waiting_;        // for the broker
    int interest_ = 0;           // events that are polled for
    bool connected_ = false;
    bool reading_ = true;
    bool send_failed_ = false;  // the broker takes nothing any more, but may have said why
    bool end_sent_ = false;
};

}  // namespace rtbridge
