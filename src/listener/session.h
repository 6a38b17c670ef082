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
#include "listener/close_code.h"
#include "listener/frame.h"
#include "listener/latest_store.h"
#include "listener/selection.h"
#include "listener/send_queue.h"
#include "listener/session_access.h"

namespace rtbridge {

// The wire under a session: what a transport (WebSocket now; SSE, Socket.IO) implements.
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
    // Ends the connection; the session is removed by the transport once it is closed.
    virtual void close(CloseCode code, std::string_view reason) = 0;
    [[nodiscard]] virtual const WireShape& shape() const = 0;
    [[nodiscard]] virtual std::string_view transport() const = 0;  // "websocket"
};

struct SessionStatistics {
    std::uint64_t delivered = 0;  // updates given to the socket
    std::uint64_t conflated = 0;
    std::uint64_t dropped = 0;
};

// What every session shares; outlives all of them.
struct SessionEnvironment {
    const LatestStore& latest;
    Metrics& metrics;
    const Clock& clock;
    const LimitsConfig* limits;  // of the running configuration, never null
};

// One browser connection: who it is, its selection, what waits for it, and whether it is still
// alive. Written to only through flush(), so that all that is pending goes out in one write.
//
// Thread: listener. Owned by Sessions; `output` belongs to the transport and outlives the session.
class Session {
public:
    Session(std::string id, SessionAccessPtr access, Selection selection, SessionOutput& output,
            SessionEnvironment& environment);

    // From now on flush() sends the newest values first, as the socket drains.
    void start_snapshot() ON_LISTENER_THREAD;
    // True for the first since the last flush(): the caller owes a flush() now.
    [[nodiscard]] bool enqueue(const FramePtr& frame, const UpdatePtr& update) ON_LISTENER_THREAD;
    void flush() ON_LISTENER_THREAD;
    void on_writable() ON_LISTENER_THREAD { flush(); }

    // Any frame from the browser is a sign of life.
    void on_life() ON_LISTENER_THREAD;
    // A frame that plain mode has no use for; the third closes.
    void on_bad_request() ON_LISTENER_THREAD;
    // A request of the browser. False: more than limits.requests_per_second, and it is closed.
    [[nodiscard]] bool take_request() ON_LISTENER_THREAD;
    // What it may do changed: what waits and may not be received any more is taken back.
    void change_access(SessionAccessPtr access) ON_LISTENER_THREAD;
    // Several times a second: pings, and ends what is dead, stays too slow or whose token expired.
    void check(SteadyTime now) ON_LISTENER_THREAD;
    void close(CloseCode code, std::string_view reason) ON_LISTENER_THREAD;
    // The connection is gone, or as good as: what still waits is counted as lost.
    void abandon() ON_LISTENER_THREAD;

    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] const SessionAccessPtr& access() const { return access_; }
    [[nodiscard]] std::int64_t connected_at_unix_ms() const { return connected_at_unix_ms_; }
    [[nodiscard]] const Selection& selection() const { return selection_; }
    [[nodiscard]] const WireShape& shape() const { return output_.shape(); }
    [[nodiscard]] std::string_view transport() const { return output_.transport(); }
    [[nodiscard]] const SessionStatistics& statistics() const { return statistics_; }
    [[nodiscard]] std::size_t queue_bytes() const { return queue_.bytes(); }
    [[nodiscard]] bool closing() const { return closing_; }

private:
    void send_snapshot(std::string& scratch) ON_LISTENER_THREAD;
    void write(std::string_view bytes, std::size_t updates) ON_LISTENER_THREAD;
    void count_dropped(std::size_t updates) ON_LISTENER_THREAD;
    [[nodiscard]] bool may_receive(const Update& update) const;

    std::string id_;
    SessionAccessPtr access_;
    Selection selection_;
    SessionOutput& output_;
    SessionEnvironment& env_;
    SendQueue queue_;
    std::unique_ptr<LatestStore::Walk> snapshot_;  // over the newest values still to send
    std::uint64_t snapshot_until_ = 0;             // offsets above come live
    std::int64_t connected_at_unix_ms_;
    SteadyTime last_life_;
    std::optional<SteadyTime> pinged_at_;
    std::optional<SteadyTime> hard_since_;  // at the hard limit without a break
    SessionStatistics statistics_;
    TokenBucket requests_;
    int bad_requests_ = 0;
    bool flush_owed_ = false;
    bool closing_ = false;
};

}  // namespace rtbridge
