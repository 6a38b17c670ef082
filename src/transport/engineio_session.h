#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/thread_role.h"
#include "handoff/address_counts.h"
#include "listener/close_code.h"
#include "listener/session.h"
#include "transport/api.h"
#include "transport/engineio_app.h"
#include "transport/engineio_payload.h"
#include "transport/engineio_reply.h"
#include "transport/http_request.h"

namespace rtbridge {

class EngineIoConversation;
class EngineIoPoll;
class EngineIoServer;

// One Engine.IO session: a client on polling, moving to a WebSocket, or on one (protocols 3.1 and
// 3.3). Packets leave in the order in which they were sent, whatever the transport.
//
//     open ─▶ polling ──2probe──▶ upgrading ──5──▶ websocket
//                ▲                    │
//                └── WebSocket gone ──┘        any of them ─▶ closing ─▶ gone
//
// Thread: listener. Owned by its server. What ends it, ends it for the client at once; its handler
// hears of it at the next turn of the loop, so that any call into a session may end it.
class EngineIoSession {
public:
    EngineIoSession(EngineIoServer& server, std::string sid, HttpRequest handshake,
                    std::shared_ptr<const EngineIoSettings> settings);
    EngineIoSession(const EngineIoSession&) = delete;
    EngineIoSession& operator=(const EngineIoSession&) = delete;
    ~EngineIoSession();

    // For the application.

    [[nodiscard]] const std::string& sid() const { return sid_; }  // a secret
    [[nodiscard]] const HttpRequest& handshake() const { return handshake_; }
    [[nodiscard]] SteadyTime now() const;
    // A message is not larger; of what belongs to several the application keeps no more.
    [[nodiscard]] std::size_t max_payload_bytes() const { return settings_->max_payload_bytes; }
    // What a client that does not read leaves waiting is bounded by limits.queue.hard, and then it
    // is closed.
    void send(std::string_view message, EngineIoKind kind) ON_LISTENER_THREAD;
    // Keeps what is sent until its end, and then sends it together.
    class Batch {
    public:
        explicit Batch(EngineIoSession& session) : session_(session) { ++session_.batches_; }
        Batch(const Batch&) = delete;
        Batch& operator=(const Batch&) = delete;
        ~Batch() {
            assert_on_listener_thread();
            session_.end_batch();
        }

    private:
        EngineIoSession& session_;
    };
    // Messages that were framed for a WebSocket already, past what send() keeps: as
    // SessionOutput::ready(), write() and request_writable().
    [[nodiscard]] bool ready() const;
    [[nodiscard]] SessionOutput::Written write_frames(std::string_view frames) ON_LISTENER_THREAD;
    void request_writable() ON_LISTENER_THREAD;
    // Sends what waits, then ends.
    void close(CloseCode code, std::string_view reason) ON_LISTENER_THREAD;
    [[nodiscard]] bool open() const { return state_ == State::Open; }
    // EngineIoHandler::on_deadline() is called once, then.
    void set_deadline(std::optional<SteadyTime> deadline) ON_LISTENER_THREAD;

    // For EngineIoServer.

    // `socket`: null on polling, where the answer to the request is open_packet().
    void begin(EngineIoApp& app, EngineIoConversation* socket) ON_LISTENER_THREAD;
    [[nodiscard]] std::string open_packet() const;
    [[nodiscard]] Answer on_get(const HttpHeaders& cors) ON_LISTENER_THREAD;
    [[nodiscard]] HttpReply on_post(const HttpRequest& request) ON_LISTENER_THREAD;
    // Between the headers of a POST and its answer.
    void on_post_announced() { ++posts_; }
    void on_post_over() { --posts_; }
    // False: it has a WebSocket, or one that may become it.
    [[nodiscard]] bool takes_socket() const;
    void offer(EngineIoConversation& socket) ON_LISTENER_THREAD;
    [[nodiscard]] bool polls() const { return socket_ == nullptr; }
    // Its sid is not known any more.
    [[nodiscard]] bool gone() const { return state_ == State::Gone; }
    [[nodiscard]] std::optional<SteadyTime> next_deadline() const;
    void check(SteadyTime now) ON_LISTENER_THREAD;
    // Once: the handler hears of the end.
    void tell_handler() ON_LISTENER_THREAD;
    void recheck_access() ON_LISTENER_THREAD;
    // Of the server.
    std::optional<SteadyTime> scheduled;
    bool winding_up = false;
    AddressCounts::Share counted;

    // For its poll and its WebSockets.

    void on_poll_begun() ON_LISTENER_THREAD;
    void on_poll_gone() ON_LISTENER_THREAD;
    [[nodiscard]] bool speaks_over(const EngineIoConversation& socket) const {
        return socket_ == &socket;
    }
    void on_socket_message(EngineIoConversation& from, std::string_view message,
                           EngineIoKind kind) ON_LISTENER_THREAD;
    void on_socket_writable(EngineIoConversation& socket) ON_LISTENER_THREAD;
    void on_socket_closed(EngineIoConversation& socket) ON_LISTENER_THREAD;

private:
    friend class Batch;
    enum class State : std::uint8_t {
        Open,
        Closing,  // polling, and the client has not fetched the end of it
        Gone,
    };
    struct Packet {
        std::string bytes;  // text with its type in front, or a binary message
        EngineIoKind kind;
    };

    void push(std::string bytes, EngineIoKind kind) ON_LISTENER_THREAD;
    void flush() ON_LISTENER_THREAD;
    void flush_to_socket() ON_LISTENER_THREAD;
    void answer_poll(HttpReply reply) ON_LISTENER_THREAD;
    [[nodiscard]] std::string take_payload();
    void end_batch() ON_LISTENER_THREAD;
    void tell_writable() ON_LISTENER_THREAD;

    // False: it is no packet, or none that a client may send.
    [[nodiscard]] bool on_packet(const EngineIoText& packet) ON_LISTENER_THREAD;
    [[nodiscard]] bool read_packets(EngineIoPayloadReader& reader) ON_LISTENER_THREAD;
    void on_pong() ON_LISTENER_THREAD;
    void on_candidate_message(std::string_view message, EngineIoKind kind) ON_LISTENER_THREAD;
    void on_late_upgrade(std::string_view message, EngineIoKind kind) ON_LISTENER_THREAD;
    void upgrade() ON_LISTENER_THREAD;
    void drop_candidate() ON_LISTENER_THREAD;
    void forget_candidate() ON_LISTENER_THREAD;

    void end(std::string_view reason, std::string_view last_packet,
             CloseCode code) ON_LISTENER_THREAD;
    [[nodiscard]] HttpReply closing_reply() ON_LISTENER_THREAD;
    void go() ON_LISTENER_THREAD;
    void arm() ON_LISTENER_THREAD;

    EngineIoServer& server_;
    const std::string sid_;
    HttpRequest handshake_;
    std::shared_ptr<const EngineIoSettings> settings_;
    std::unique_ptr<EngineIoHandler> handler_;

    EngineIoPoll* poll_ = nullptr;               // the GET that waits
    EngineIoConversation* socket_ = nullptr;     // its WebSocket; null: on polling
    EngineIoConversation* candidate_ = nullptr;  // one that it may move to
    std::deque<Packet> packets_;                 // not sent yet
    std::size_t packet_bytes_ = 0;

    std::optional<SteadyTime> ping_at_;     // then a ping is sent; nothing: one was
    std::optional<SteadyTime> pong_by_;     // when its pong is overdue
    std::optional<SteadyTime> upgrade_by_;  // when the candidate has to be the transport
    std::optional<SteadyTime> noop_at_;     // then the GET is answered to make way for it
    std::optional<SteadyTime> deadline_;    // of the application
    std::optional<SteadyTime> gone_by_;     // Closing: until when the client may fetch the end

    std::string end_reason_;
    CloseCode close_code_ = CloseCode::Normal;  // Closing
    std::uint32_t posts_ = 0;                   // whose body is coming
    std::uint32_t batches_ = 0;
    State state_ = State::Open;
    bool probed_ = false;  // upgrading: the candidate has sent its probe
    bool poll_begun_ = false;
    bool wants_writable_ = false;
    bool client_closed_ = false;
    bool reading_first_ = false;  // the pong is overdue because the listener is
};

}  // namespace rtbridge
