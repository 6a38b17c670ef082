#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "base/bytes.h"
#include "base/thread_role.h"
#include "handoff/publish_request.h"
#include "handoff/update.h"

namespace rtbridge {

struct ConfigSnapshot;

// Wakes a listener that may be asleep in its loop. Called on the broker thread; must not block.
class Wakeup {
public:
    virtual ~Wakeup() = default;
    virtual void wake() noexcept = 0;
};

// What a listener takes out of its mailbox in one go.
struct MailboxBatch {
    std::deque<UpdatePtr> updates;                   // oldest first; a jump in offsets is a gap
    std::shared_ptr<const ConfigSnapshot> snapshot;  // newest one, null = none since the last batch
    std::vector<PublishAnswer> answers;              // for PublishDesk::deliver()

    void clear() noexcept {
        updates.clear();
        snapshot.reset();
        answers.clear();
    }
};

// The only way from the broker thread to a listener thread.
// Bounded in updates and bytes: when full the oldest update is dropped and counted, because
// stalling the broker would stall every MQTT client. The lock is held for a push or a swap, never
// longer; what is dropped is freed outside of it.
class Mailbox {
public:
    struct Limits {
        std::size_t updates_max = 65'536;
        std::size_t bytes_max = 64 * MiB;
    };
    explicit Mailbox(Limits limits) : limits_(limits) {}

    // Returns how many older updates this one pushed out. An update larger than bytes_max is alone.
    std::size_t push(UpdatePtr update) ON_BROKER_THREAD;
    void set_snapshot(std::shared_ptr<const ConfigSnapshot> snapshot) ON_BROKER_THREAD;
    void set_limits(Limits limits) ON_BROKER_THREAD;
    // Bounded by the PublishDesk that asked.
    void push_answers(const std::vector<PublishAnswer>& answers) ON_BROKER_THREAD;

    // Wakes the listener if something waits and the listener sleeps: one call per turn of the
    // broker's loop, so a burst costs one wake-up.
    void wake_if_sleeping(Wakeup& wakeup) noexcept ON_BROKER_THREAD;

    // Into an empty batch, whose memory the mailbox goes on with.
    void drain(MailboxBatch& batch) ON_LISTENER_THREAD;
    // The listener is about to block in its loop. False: something waits already, do not.
    [[nodiscard]] bool fall_asleep() noexcept ON_LISTENER_THREAD;
    void awake() noexcept ON_LISTENER_THREAD { sleeping_.store(false); }

    [[nodiscard]] std::size_t depth() const noexcept {
        return depth_.load(std::memory_order_relaxed);
    }

private:
    [[nodiscard]] std::size_t waiting() const noexcept {
        return updates_.size() + (snapshot_ ? 1 : 0) + answers_.size();
    }

    std::mutex mutex_;
    Limits limits_;  // guarded by mutex_, as the next four
    std::deque<UpdatePtr> updates_;
    std::size_t bytes_ = 0;
    std::shared_ptr<const ConfigSnapshot> snapshot_;
    std::vector<PublishAnswer> answers_;
    std::atomic<std::size_t> depth_{0};  // updates, snapshots and answers that wait
    std::atomic<bool> sleeping_{false};
};

}  // namespace rtbridge
