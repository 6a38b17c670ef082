#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
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

// The way from the thread that reads what the broker retained to the broker thread. Bounded in
// messages and bytes. The reader does not wait for room: the broker writes all that it retained in
// one go, takes nothing out meanwhile, and drops what its client does not read.
class RetainedInbox {
public:
    struct Limits {  // of what waits
        std::size_t messages_max = 100'000;
        std::size_t bytes_max = 64 * MiB;
    };
    struct Batch {
        std::vector<RetainedMessage> messages;   // oldest first
        std::optional<RetainedOutcome> outcome;  // nothing comes any more
    };

    // `doorbell`, of the broker thread, outlives the inbox.
    RetainedInbox(Limits limits, Doorbell& doorbell) : limits_(limits), doorbell_(doorbell) {}

    // Thread: the reader. False: there is no room.
    [[nodiscard]] bool push(RetainedMessage message);
    void finish(RetainedOutcome outcome);

    [[nodiscard]] Batch fetch(std::size_t most) ON_BROKER_THREAD;
    // Spares the broker's tick the lock.
    [[nodiscard]] bool any_waiting() const noexcept { return any_.load(std::memory_order_acquire); }

private:
    const Limits limits_;
    Doorbell& doorbell_;
    std::mutex mutex_;
    std::deque<RetainedMessage> messages_;  // guarded by mutex_, as the next two
    std::size_t bytes_ = 0;                 // of messages_
    std::optional<RetainedOutcome> outcome_;
    std::atomic<bool> any_{false};
};

}  // namespace rtbridge
