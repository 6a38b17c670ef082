#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/thread_role.h"
#include "base/token_bucket.h"
#include "config/config.h"
#include "handoff/metrics.h"
#include "handoff/session_record.h"
#include "listener/close_code.h"
#include "listener/send_queue.h"
#include "listener/session_access.h"
#include "listener/subscription.h"
#include "listener/timer_wheel.h"
#include "listener/wire_shape.h"

namespace rtbridge {

// The wire under a session: what a transport implements.
class SessionOutput {
public:
    virtual ~SessionOutput() = default;
    // Nothing of a former write waits below; write() may be called.
    [[nodiscard]] virtual bool ready() const = 0;
    enum class Written { No, Yes };
    // Sends whole frames. What the socket does not take is kept below and makes the output not
    // ready. No: the connection is lost.
    [[nodiscard]] virtual Written write(std::string_view frames) = 0;
    // Asks for Session::on_writable() once the output is ready again.
    virtual void request_writable() = 0;
    // A liveness probe, sent as soon as a frame boundary allows.
    virtual void ping() = 0;
    // How the session learns that the browser is alive.
    enum class Liveness : std::uint8_t {
        Asked,      // by ping(), which is answered by a sign of life
        Watched,    // likewise; and in every limits.ping_interval it expects to hear something
        Told,       // not at all: it can't answer, but expects to hear something as often as that
        Elsewhere,  // the transport has heartbeats of its own
    };
    [[nodiscard]] virtual Liveness liveness() const { return Liveness::Asked; }
    // Ends the connection; the session is removed by the transport once it is closed.
    virtual void close(CloseCode code, std::string_view reason) = 0;
    // How the subscription with this number is written.
    [[nodiscard]] virtual const WireShape& shape(std::uint32_t subscription) const = 0;
    [[nodiscard]] virtual std::string_view transport() const = 0;  // "websocket"
};

// What every session shares; outlives all of them.
struct SessionEnvironment {
    Metrics& metrics;
    const Clock& clock;
    const LimitsConfig* limits;  // of the running configuration, never null
    TimerWheel wheel;
    SteadyTime now;  // of the turn of the loop, for what need not be exact
};

// One browser connection: who it is, its subscriptions, what waits for it, and whether it is still
// alive. Subscriptions are made and ended by Sessions.
//
// Thread: listener. Owned by Sessions; `output` belongs to the transport and outlives the session.
class Session : public TimerWheel::Entry {
public:
    Session(SessionRecordPtr record, SessionAccessPtr access, SessionOutput& output,
            SessionEnvironment& environment);

    // A reply or another frame that is no update, in front of all updates that wait. One that does
    // not read its replies is closed at limits.queue.hard.
    void send(std::string_view frame) ON_LISTENER_THREAD;
    // Writes what waits, as far as the socket takes it.
    void flush() ON_LISTENER_THREAD;
    void on_writable() ON_LISTENER_THREAD { flush(); }

    // Any frame from the browser is a sign of life.
    void on_life() ON_LISTENER_THREAD;
    // A frame that plain mode has no use for; the third closes.
    void on_bad_request() ON_LISTENER_THREAD;
    // A request of the browser. False: more than limits.requests_per_second, and it is closed.
    [[nodiscard]] bool take_request() ON_LISTENER_THREAD;
    // Pings, and ends what is dead, stays too slow or whose token expired.
    void check(SteadyTime now) ON_LISTENER_THREAD;
    void close(CloseCode code, std::string_view reason) ON_LISTENER_THREAD;
    // The connection is gone, or as good as: what still waits is counted as lost.
    void abandon() ON_LISTENER_THREAD;

    [[nodiscard]] const std::string& id() const { return record_->id; }
    [[nodiscard]] const SessionRecord& record() const { return *record_; }
    [[nodiscard]] const SessionAccessPtr& access() const { return access_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Subscription>>& subscriptions() const {
        return subscriptions_;
    }
    [[nodiscard]] Subscription* find_subscription(std::uint32_t number) const;
    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const {
        return output_.shape(subscription);
    }
    [[nodiscard]] bool closing() const { return closing_; }
    // Nothing waits, and no gap is to be told.
    [[nodiscard]] bool up_to_date() const;

    // For SubscriptionGroup: frames joined once for many sessions.

    // Nothing waits and the socket takes data, so updates of `subscription` may be written at once.
    [[nodiscard]] bool takes_at_once(const Subscription& subscription) const;
    // REQUIRES: takes_at_once(). False: the connection is lost, and the updates are.
    bool write_at_once(std::string_view frames, std::size_t updates) ON_LISTENER_THREAD;
    // True for the first since the last flush(): the caller owes a flush() now.
    [[nodiscard]] bool enqueue(Subscription& subscription, const FramePtr& frame,
                               const UpdatePtr& update) ON_LISTENER_THREAD;
    void count_conflated(std::size_t updates) ON_LISTENER_THREAD;

private:
    friend class Sessions;

    // The steps of flush(). False: nothing more goes out now.
    bool send_control() ON_LISTENER_THREAD;
    bool send_catch_up() ON_LISTENER_THREAD;
    void send_queue() ON_LISTENER_THREAD;
    bool deliver(std::string_view bytes, std::size_t updates) ON_LISTENER_THREAD;
    void deliver_and_count(std::string_view bytes, std::size_t updates) ON_LISTENER_THREAD;
    bool write(std::string_view bytes) ON_LISTENER_THREAD;
    void count_losses(const std::vector<SendQueue::Loss>& losses) ON_LISTENER_THREAD;
    void count_dropped(std::size_t updates) ON_LISTENER_THREAD;
    void count_conflated_waiting(std::size_t updates) ON_LISTENER_THREAD;
    void note_gap(Subscription& subscription, std::uint64_t from, std::uint64_t to, std::uint64_t n,
                  GapReason why) ON_LISTENER_THREAD;
    void schedule_check() ON_LISTENER_THREAD;
    [[nodiscard]] std::optional<SteadyTime> next_liveness_check() const;
    void check_liveness(SteadyTime now) ON_LISTENER_THREAD;
    [[nodiscard]] bool may_receive(const Update& update) const;
    [[nodiscard]] Subscription* catching_up() const;

    SessionRecordPtr record_;
    SessionAccessPtr access_;
    SessionOutput& output_;
    SessionEnvironment& env_;
    std::vector<std::unique_ptr<Subscription>> subscriptions_;  // by number, ascending
    SendQueue queue_;
    std::string control_;  // frames that are no updates
    SteadyTime last_life_;
    SteadyTime last_write_;
    std::optional<SteadyTime> pinged_at_;
    std::optional<SteadyTime> hard_since_;     // at the hard limit without a break
    std::optional<SteadyTime> stalled_since_;  // updates wait and none was taken
    TokenBucket requests_;
    std::uint32_t sorted_ = 0;  // items in queue_ that are known to be in order
    std::uint8_t bad_requests_ = 0;
    bool flush_owed_ = false;
    bool closing_ = false;
};

}  // namespace rtbridge
