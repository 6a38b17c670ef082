#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/admission.h"
#include "access/visitor.h"
#include "base/thread_role.h"
#include "base/token_bucket.h"
#include "handoff/publish_request.h"
#include "listener/session.h"
#include "transport/conversation.h"
#include "transport/full_mode_request.h"
#include "transport/login_check.h"
#include "transport/request_error.h"

namespace rtbridge {

struct ListenerState;

// The conversation of one browser in rtbridge.v1, from the text of its frames to the session:
//
//     begin -> [hello] -> session -> sub, unsub, get, pub, auth, stats
//
// The session is opened by hello, or by another first request of someone who needs no token or
// showed it before. What comes while it is still being found out who that is waits.
//
// Thread: listener. Owned by its connection, whose `output` outlives it; what runs beside the loop
// holds a weak pointer.
class FullMode final : public Conversation, public std::enable_shared_from_this<FullMode> {
public:
    FullMode(ListenerState& state, SessionOutput& output, RequestFacts facts);

    // `shown`: who the credentials of the upgrade prove; null: there were none.
    void begin(SessionAccessPtr shown) override ON_LISTENER_THREAD;
    [[nodiscard]] bool waits_for_hello() const override { return session_ == nullptr && !closed_; }
    void on_message(std::string_view message, Message kind) override ON_LISTENER_THREAD;
    [[nodiscard]] MessageLimit message_limit() const override;
    void on_life() override ON_LISTENER_THREAD;
    void on_writable() override ON_LISTENER_THREAD;
    void on_peer_close() override ON_LISTENER_THREAD;
    void on_closed() override ON_LISTENER_THREAD;
    // Closes a session that would not be let in any more, and ends the subscriptions that are not
    // allowed any more.
    void recheck_access() override ON_LISTENER_THREAD;
    void close(CloseCode code, std::string_view reason) override ON_LISTENER_THREAD;

    // Null before it is opened.
    [[nodiscard]] const Session* session() const { return session_; }

    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const override;
    [[nodiscard]] std::string_view transport() const override { return "rtbridge.v1"; }
    [[nodiscard]] SessionOutput::Liveness liveness() const override {
        return SessionOutput::Liveness::Watched;
    }
    [[nodiscard]] std::string probe() override ON_LISTENER_THREAD;
    [[nodiscard]] std::string last_word(CloseCode code, std::string_view reason) const override;

private:
    [[nodiscard]] bool closing() const { return session_ ? session_->closing() : closed_; }
    void on_text(std::string_view text) ON_LISTENER_THREAD;
    void read(std::string_view text) ON_LISTENER_THREAD;
    void on_binary() ON_LISTENER_THREAD;
    void hold(std::string_view text) ON_LISTENER_THREAD;
    void take_held() ON_LISTENER_THREAD;
    void on_mistake(const RequestMistake& mistake) ON_LISTENER_THREAD;
    void on_violation(const RequestError& error) ON_LISTENER_THREAD;
    [[nodiscard]] bool take_request(std::optional<std::uint32_t> id) ON_LISTENER_THREAD;
    void on_probe_answer(ProbeAnswer answer) ON_LISTENER_THREAD;

    // Who it is: full_mode_hello.cpp
    void on_request(std::uint32_t id, HelloRequest& hello) ON_LISTENER_THREAD;
    void refresh_keys_for(std::uint32_t id, const std::string& token) ON_LISTENER_THREAD;
    void on_proof(std::uint32_t id, const Login& login) ON_LISTENER_THREAD;
    [[nodiscard]] std::optional<Visitor> visitor_of_upgrade() const;
    // False: refused, answered, and closed.
    [[nodiscard]] bool open(std::uint32_t id, std::optional<Visitor> visitor) ON_LISTENER_THREAD;
    void welcome(std::uint32_t id) ON_LISTENER_THREAD;
    void refuse_and_close(std::uint32_t id, const RequestError& error, CloseCode code,
                          std::string_view reason) ON_LISTENER_THREAD;

    // With a session: full_mode_requests.cpp
    void on_request(std::uint32_t id, SubscribeRequest& sub) ON_LISTENER_THREAD;
    void on_request(std::uint32_t id, const UnsubscribeRequest& unsub) ON_LISTENER_THREAD;
    void on_request(std::uint32_t id, const GetRequest& get) ON_LISTENER_THREAD;
    void on_request(std::uint32_t id, PublishRequest& publish) ON_LISTENER_THREAD;
    void on_request(std::uint32_t id, const AuthRequest& auth) ON_LISTENER_THREAD;
    void on_request(std::uint32_t id, const StatsRequest& stats) ON_LISTENER_THREAD;
    void on_published(std::uint32_t id, PublishResult result) ON_LISTENER_THREAD;
    void adopt(SessionAccessPtr access) ON_LISTENER_THREAD;

    void send(std::string_view text) ON_LISTENER_THREAD;
    void accept(std::uint32_t id, std::string_view body) ON_LISTENER_THREAD;
    void deny(std::optional<std::uint32_t> id, const RequestError& error) ON_LISTENER_THREAD;

    ListenerState& state_;
    SessionOutput& output_;
    RequestFacts facts_;  // of the upgrade
    std::optional<Visitor> shown_;
    Session* session_ = nullptr;  // owned by Sessions
    Batching batching_ = Batching::Off;

    bool identifying_ = true;  // a login is being checked beside the loop
    std::vector<std::string> held_;
    std::size_t held_bytes_ = 0;

    TokenBucket requests_;
    std::uint32_t refused_in_a_row_ = 0;
    std::uint8_t violations_ = 0;

    std::int64_t probe_unix_ms_ = 0;  // of the last probe, 0: none waits for its answer
    SteadyTime probed_at_;
    std::optional<std::int64_t> round_trip_ms_;
    bool closed_ = false;  // before there was a session
};

}  // namespace rtbridge
