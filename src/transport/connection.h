#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/admission.h"
#include "base/thread_role.h"
#include "base/token_bucket.h"
#include "handoff/address_counts.h"
#include "handoff/publish_request.h"
#include "transport/api.h"
#include "transport/conversation.h"
#include "transport/http_exchange.h"
#include "transport/http_reply.h"
#include "transport/http_request.h"
#include "transport/login_check.h"

struct lws;

namespace rtbridge {

struct ListenerState;

// Whether the listener had room when the connection came.
enum class Capacity { Free, TooManyConnections, TooManyFromAddress };

// One accepted socket: an HTTP connection that may become a WebSocket, or whose answer may go on
// for long. The only place that knows libwebsockets' callbacks; what is said over the socket is the
// business of a Conversation or an HttpResponder.
//
// Thread: listener. Lives from accept until libwebsockets destroys its wsi. The methods that return
// int return what libwebsockets wants from the callback: 0 = go on, -1 = close.
class Connection final : public WebSocket, public HttpExchange {
public:
    Connection(ListenerState& state, std::string peer_address, Capacity capacity);
    ~Connection() override;

    // HTTP
    void on_adopted(lws* wsi) ON_LISTENER_THREAD;
    // Its first request, or the body of a request, has not come to its end; or its conversation
    // waits for a hello.
    [[nodiscard]] bool receiving() const;
    // Ends a connection that is receiving() for too long.
    void check_handshake(SteadyTime now) ON_LISTENER_THREAD;
    int on_request() ON_LISTENER_THREAD;
    void on_body(std::string_view bytes) ON_LISTENER_THREAD;
    int on_body_complete() ON_LISTENER_THREAD;
    int on_http_writable() ON_LISTENER_THREAD;
    void on_http_closed() ON_LISTENER_THREAD;
    // The browser left, or says something, while its answer is under way. (Or the answer was all
    // sent meanwhile.)
    void on_peer_event() ON_LISTENER_THREAD;
    // An Upgrade header: 0 = a WebSocket so far, on_upgrade() follows.
    int on_upgrade_offer() ON_LISTENER_THREAD;
    int on_upgrade() ON_LISTENER_THREAD;  // 0 = let it become a WebSocket

    // WebSocket
    void on_established() ON_LISTENER_THREAD;
    struct FramePart {
        std::string_view bytes;
        std::size_t bytes_to_come = 0;  // of the same frame
        bool message_complete = false;
        bool binary = false;
    };
    int on_frame(const FramePart& part) ON_LISTENER_THREAD;
    void on_pong() ON_LISTENER_THREAD;
    // Its close frame, which lws answers.
    void on_peer_close(std::string_view payload) ON_LISTENER_THREAD;
    int on_writable() ON_LISTENER_THREAD;
    void on_websocket_closed() ON_LISTENER_THREAD;
    void on_closed() ON_LISTENER_THREAD;

    // After a reload: closes what would not be let in any more; all others get the rights of the
    // new configuration.
    void recheck_access() ON_LISTENER_THREAD;

    // What pause_reading() and resume_reading() asked for. Not in a callback of libwebsockets.
    void switch_reading() ON_LISTENER_THREAD;

    // SessionOutput, WebSocket
    [[nodiscard]] bool ready() const override;
    [[nodiscard]] Written write(std::string_view frames) override;
    void request_writable() override;
    void ping() override;
    void close(CloseCode code, std::string_view reason) override;
    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const override;
    [[nodiscard]] Liveness liveness() const override;
    [[nodiscard]] std::string_view transport() const override;
    void pause_reading() override;
    void resume_reading() override;
    void abandon() override;
    [[nodiscard]] const std::string& peer_address() const override { return peer_address_; }

    // HttpExchange; ready() and the like as above
    void reply(const HttpReply& reply) override;
    void begin_stream(const HttpReply& head) override;
    void give_up_after(std::chrono::milliseconds patience) override;
    void end_stream(std::string_view last_chunks) override;

private:
    struct PendingRequest;
    struct PendingUpgrade;
    struct CloseRequest {
        CloseCode code;
        std::string reason;
        std::string last_word;  // a frame that goes before that of the close
    };

    [[nodiscard]] HttpRequest next_request() ON_LISTENER_THREAD;
    void count_for(const std::string& client_address) ON_LISTENER_THREAD;
    // Before anything else is looked at.
    [[nodiscard]] std::optional<HttpReply> refuse_at_once(const HttpRequest& request);
    // HTTP: connection_http.cpp
    [[nodiscard]] std::optional<HttpReply> refuse_request_form(const HttpRequest& request);
    void advance(const CheckedLogin* checked) ON_LISTENER_THREAD;
    void wait_for(LoginCheck check) ON_LISTENER_THREAD;
    [[nodiscard]] std::optional<std::uint64_t> bytes_read() const;
    void wait_for(PublishThenReply publish) ON_LISTENER_THREAD;
    [[nodiscard]] HttpReply published(std::optional<PublishResult> result) ON_LISTENER_THREAD;
    // REQUIRES: the caller keeps it alive meanwhile.
    void wait_for(const std::shared_ptr<HttpResponder>& responder) ON_LISTENER_THREAD;
    // The browser has gone before its answer was over.
    void end_exchange() ON_LISTENER_THREAD;
    void stop_reading() ON_LISTENER_THREAD;
    // The browser has to read before it is heard again.
    [[nodiscard]] bool holds_back() const;
    void watch_peer();
    void leave_peer() ON_LISTENER_THREAD;
    void resume(const CheckedLogin& checked) ON_LISTENER_THREAD;
    void send_late_reply() ON_LISTENER_THREAD;
    void close_after_reply() ON_LISTENER_THREAD;
    int send_pending_reply() ON_LISTENER_THREAD;
    int finish_stream() ON_LISTENER_THREAD;
    int finish_answer() ON_LISTENER_THREAD;
    [[nodiscard]] AfterReply after_reply(const HttpRequest& request) ON_LISTENER_THREAD;
    // Ends the connection unless what was written is taken in time.
    void expect_reading();

    // connection_upgrade.cpp
    void check_login_of_upgrade() ON_LISTENER_THREAD;
    void on_login_of_upgrade(const CheckedLogin& checked) ON_LISTENER_THREAD;
    void begin_conversation() ON_LISTENER_THREAD;

    int reply_and_close(const HttpReply& reply) ON_LISTENER_THREAD;
    void send_reply(const HttpReply& reply, AfterReply after, Body body);
    // lws found the browser to break the protocol: its close frame is the last thing to send.
    [[nodiscard]] bool ended_by_lws() const;
    [[nodiscard]] std::uint16_t close_code() const;  // of a WebSocket that is closed

    ListenerState& state_;
    lws* wsi_ = nullptr;
    SteadyTime receiving_since_;
    std::string peer_address_;  // of the socket: a browser or a proxy
    AddressCounts::Share counted_;
    // Between a request's headers and its answer. A check that runs beside the loop has a weak
    // pointer: the connection may go meanwhile.
    std::shared_ptr<PendingRequest> request_;
    // Between the decision and the session; weak pointers as above.
    std::shared_ptr<PendingUpgrade> upgrade_;
    std::shared_ptr<Conversation> conversation_;  // null: no WebSocket yet
    std::unique_ptr<const CloseRequest> close_request_;
    TokenBucket http_requests_;
    std::optional<std::uint64_t> bytes_read_before_;  // bytes_read() when the last answer went
    std::string message_;                             // being received
    Capacity capacity_;
    std::uint16_t peer_close_code_ = 0;  // where peer_closed_
    bool headers_read_ = false;          // of the first request
    bool websocket_ = false;             // established
    bool ping_pending_ = false;
    bool closing_ = false;  // once the last answer is sent
    bool reading_ = true;   // so it is, or will be before the loop sleeps
    bool peer_closed_ = false;
    bool dead_ = false;  // the socket failed; closes at the next turn
};

}  // namespace rtbridge
