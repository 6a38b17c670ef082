#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/thread_role.h"
#include "handoff/doorbell.h"

namespace rtbridge {

struct RetainedMessage {
    std::string topic;
    std::string payload;  // never empty
    [[nodiscard]] std::size_t bytes() const { return topic.size() + payload.size(); }
};

// How a reading ended.
struct RetainedOutcome {
    bool ok = false;
    bool refused = false;        // not `ok`, because the broker said no to the login
    std::string problem{};       // why not, or what is missing although; empty: nothing
    std::uint64_t left_out = 0;  // messages that a limit kept out; at least so many
};

// The way from the thread that reads what the broker retained to the broker thread. Bounded: the
// reader waits for room, the broker thread for nothing.
class RetainedInbox {
public:
    struct Limits {
        std::size_t messages_max = 4096;  // that wait
        std::size_t bytes_max = 4 * MiB;  // likewise; a larger one comes alone
    };
    struct Batch {
        std::vector<RetainedMessage> messages;   // oldest first
        std::optional<RetainedOutcome> outcome;  // nothing comes any more
    };

    // `doorbell`, of the broker thread, outlives the inbox.
    RetainedInbox(Limits limits, Doorbell& doorbell) : limits_(limits), doorbell_(doorbell) {}

    // Thread: the reader. False: there was no room until then, or nobody wants it any more.
    [[nodiscard]] bool push(RetainedMessage message, SteadyTime until);
    void finish(RetainedOutcome outcome);
    [[nodiscard]] bool closed() const noexcept { return closed_.load(); }

    // Nothing is wanted any more. Thread: any.
    void close();

    [[nodiscard]] Batch fetch(std::size_t most) ON_BROKER_THREAD;
    // Spares the broker's tick the lock.
    [[nodiscard]] bool any_waiting() const noexcept { return any_.load(std::memory_order_acquire); }

private:
    [[nodiscard]] bool has_room(std::size_t bytes) const {
        return messages_.empty() ||
               (messages_.size() < limits_.messages_max && bytes <= limits_.bytes_max &&
                bytes_ <= limits_.bytes_max - bytes);
    }

    const Limits limits_;
    Doorbell& doorbell_;
    std::mutex mutex_;
    std::condition_variable room_;
    std::deque<RetainedMessage> messages_;  // guarded by mutex_, as the next two
    std::size_t bytes_ = 0;                 // of messages_
    std::optional<RetainedOutcome> outcome_;
    std::atomic<bool> closed_{false};
    std::atomic<bool> any_{false};
};

}  // namespace rtbridge
