#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/thread_role.h"
#include "handoff/doorbell.h"
#include "handoff/metrics.h"
#include "handoff/publish_request.h"

namespace rtbridge {

// Where a listener thread asks the broker thread to publish. One per listener: requests go through
// here, their answers come back in the listener's Mailbox. Bounded in requests and bytes by the
// limit "publishes": what is beyond is refused at once.
//
// A request that the broker thread does not fetch in time is taken back and answered
// RefusedByBroker: a broker that hangs, or that never ticks its plugins (Mosquitto 2.0 with
// per_listener_settings, where only the next publish of a device brings its thread here), keeps no
// browser waiting for ever. What was fetched is always published or refused by the broker itself.
class PublishDesk {
public:
    struct Limits {
        std::size_t requests_max = 4096;   // not answered yet
        std::size_t bytes_max = 16 * MiB;  // not fetched yet
        std::chrono::milliseconds patience = tick_silence_max;
    };
    using Done = std::function<void(PublishResult)>;
    struct Waiting {
        std::uint64_t id = 0;
        SteadyTime since;
        PublishRequest request;
    };

    // All outlive the desk.
    PublishDesk(Limits limits, Doorbell& doorbell, Metrics& metrics, const Clock& clock)
        : limits_(limits), doorbell_(doorbell), metrics_(metrics), clock_(clock) {}

    // False: the limit is reached (counted), nothing happens. Else `done` is called in a later turn
    // of this thread's loop; never if the listener ends before.
    [[nodiscard]] bool request(PublishRequest request, Done done) ON_LISTENER_THREAD;
    // Calls `done` of the answered requests. Exceptions of one pass after the others were called.
    void deliver(const std::vector<PublishAnswer>& answers) ON_LISTENER_THREAD;
    // Takes back and answers what waits for too long. To be called a few times a second.
    void give_up_late() ON_LISTENER_THREAD;

    // Up to `most` of what waits, oldest first. Each is to be answered through the mailbox.
    [[nodiscard]] std::vector<Waiting> fetch(std::size_t most) ON_BROKER_THREAD;
    [[nodiscard]] bool any_waiting() const noexcept { return any_.load(std::memory_order_acquire); }

private:
    [[nodiscard]] bool enqueue(std::uint64_t id, PublishRequest request) ON_LISTENER_THREAD;

    const Limits limits_;
    Doorbell& doorbell_;
    Metrics& metrics_;
    const Clock& clock_;

    std::unordered_map<std::uint64_t, Done> unanswered_;  // the listener's
    std::uint64_t next_id_ = 1;                           // likewise

    std::mutex mutex_;
    std::deque<Waiting> waiting_;   // guarded by mutex_
    std::size_t bytes_ = 0;         // likewise; of waiting_
    std::atomic<bool> any_{false};  // waits; spares the broker's tick the lock
};

}  // namespace rtbridge
