#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/policy.h"
#include "base/thread_role.h"
#include "config/config.h"
#include "listener/rate_gate.h"
#include "listener/subscription.h"
#include "listener/wire_shape.h"

namespace rtbridge {

// Subscriptions that want the same, may receive the same, and want it in the same bytes: an update
// is matched, checked and framed once for all of them. What came for them in a slice of a batch is
// joined once, and each browser that keeps up gets that one piece of memory in one write; only for
// those that don't, updates are queued one by one.
//
// Thread: listener.
class SubscriptionGroup {
public:
    struct Kind {
        Selection selection;
        std::shared_ptr<const Grants> grants;
        const WireShape* shape = nullptr;
        SubscriptionMode mode = SubscriptionMode::All;
        double max_rate = 0;
    };
    // `budget` outlives the group.
    SubscriptionGroup(std::string key, std::uint32_t id, Kind kind, PacingBudget& budget);

    void add(Subscription& subscription) ON_LISTENER_THREAD;
    void remove(Subscription& subscription) ON_LISTENER_THREAD;
    [[nodiscard]] bool empty() const { return members_.empty(); }
    [[nodiscard]] std::size_t size() const { return members_.size(); }

    [[nodiscard]] const std::string& key() const { return key_; }
    [[nodiscard]] std::uint32_t id() const { return id_; }
    [[nodiscard]] const Kind& kind() const { return kind_; }
    [[nodiscard]] const Selection& selection() const { return kind_.selection; }
    [[nodiscard]] const std::shared_ptr<const std::string>& selection_text() const {
        return selection_text_;
    }

    // An update that the group selects and may receive. False: its time has not come (max_rate).
    [[nodiscard]] bool offer(const UpdatePtr& update, SteadyTime now) ON_LISTENER_THREAD;
    // One that goes out with the next flush(). True for the first since the last: the caller owes
    // that flush.
    [[nodiscard]] bool take(FramePtr frame, const UpdatePtr& update) ON_LISTENER_THREAD;
    // Writes what was taken to every session that can take it at once, and queues it for the
    // others, which are added to `waiting`. Returns how many updates were delivered, each session
    // counts. A frame of more than `frame_bytes_max` is lost to each of them.
    std::uint64_t flush(std::vector<Session*>& waiting,
                        std::size_t frame_bytes_max) ON_LISTENER_THREAD;

    // Of max_rate: what waited long enough, and when the next one will have.
    [[nodiscard]] std::vector<UpdatePtr> release(SteadyTime now) ON_LISTENER_THREAD;
    [[nodiscard]] std::optional<SteadyTime> next_release() const ON_LISTENER_THREAD;
    // A new group that differs in its grants only: what the other holds back and may be received
    // here, this one holds back as well.
    void go_on_from(const SubscriptionGroup& other) ON_LISTENER_THREAD;
    // What a member that came from `other` would miss: held back there, and not here.
    [[nodiscard]] std::vector<UpdatePtr> missing_from(const SubscriptionGroup& other) const
        ON_LISTENER_THREAD;

private:
    struct Pending {
        FramePtr frame;
        UpdatePtr update;
    };
    // Pending updates of one write.
    struct Chunk {
        std::string_view bytes;
        std::size_t begin = 0, end = 0;
    };

    void conflate_pending() ON_LISTENER_THREAD;
    void build_chunks(std::size_t frame_bytes_max);
    std::uint64_t deliver(Subscription& subscription,
                          std::vector<Session*>& waiting) ON_LISTENER_THREAD;
    void count_conflated(std::uint64_t offset) ON_LISTENER_THREAD;

    std::string key_;
    std::uint32_t id_;
    Kind kind_;
    std::shared_ptr<const std::string> selection_text_;
    std::optional<RateGate> gate_;
    std::optional<std::uint32_t> went_on_from_;  // id of a group
    std::vector<Subscription*> members_;
    std::vector<Pending> pending_;
    // Valid during flush(); the memory is used again.
    std::vector<Chunk> chunks_;
    std::vector<std::string> joined_;
    bool too_large_ = false;  // a pending frame is
};

}  // namespace rtbridge
