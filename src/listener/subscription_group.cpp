#include "listener/subscription_group.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

#include "base/bytes.h"
#include "handoff/value_name.h"
#include "listener/session.h"

namespace rtbridge {
namespace {

// Updates that came together go out in writes of about this size: 16 small frames per write make a
// delivery 14 times cheaper than one.
constexpr std::size_t chunk_bytes = 64 * KiB;

std::chrono::nanoseconds interval_of(double max_rate) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(1 / max_rate));
}

}  // namespace

SubscriptionMode Subscription::mode() const {
    return group->kind().mode;
}

SubscriptionGroup::SubscriptionGroup(std::string key, std::uint32_t id, Kind kind,
                                     PacingBudget& budget)
    : key_(std::move(key)),
      id_(id),
      kind_(std::move(kind)),
      selection_text_(std::make_shared<const std::string>(kind_.selection.text())) {
    if (kind_.max_rate > 0) gate_.emplace(interval_of(kind_.max_rate), budget);
}

void SubscriptionGroup::add(Subscription& subscription) {
    subscription.group = this;
    subscription.place = members_.size();
    members_.push_back(&subscription);
}

void SubscriptionGroup::remove(Subscription& subscription) {
    assert(members_[subscription.place] == &subscription);
    members_.back()->place = subscription.place;
    members_[subscription.place] = members_.back();
    members_.pop_back();
    subscription.group = nullptr;
}

bool SubscriptionGroup::offer(const UpdatePtr& update, SteadyTime now) {
    if (!gate_) return true;
    const RateGate::Offered offered = gate_->offer(update, now);
    if (offered.superseded) count_conflated(offered.superseded->offset);
    return offered.passes;
}

std::vector<UpdatePtr> SubscriptionGroup::release(SteadyTime now) {
    return gate_ ? gate_->release(now) : std::vector<UpdatePtr>();
}

std::optional<SteadyTime> SubscriptionGroup::next_release() const {
    return gate_ ? gate_->next_release() : std::nullopt;
}

void SubscriptionGroup::go_on_from(const SubscriptionGroup& other) {
    if (!gate_ || !other.gate_) return;
    went_on_from_ = other.id();
    gate_->go_on_from(*other.gate_, [this](const Update& update) {
        return kind_.grants->may(receive_live, update.topic, update.key);
    });
}

std::vector<UpdatePtr> SubscriptionGroup::missing_from(const SubscriptionGroup& other) const {
    // One that went on from the other got the same since.
    if (!gate_ || !other.gate_ || went_on_from_ == other.id()) return {};
    std::vector<UpdatePtr> missing = other.gate_->waiting();
    std::erase_if(missing, [this](const UpdatePtr& update) {
        return gate_->holds(*update) ||
               !kind_.grants->may(receive_live, update->topic, update->key);
    });
    return missing;
}

bool SubscriptionGroup::take(FramePtr frame, const UpdatePtr& update) {
    pending_.push_back({std::move(frame), update});
    return pending_.size() == 1;
}

std::uint64_t SubscriptionGroup::flush(std::vector<Session*>& waiting,
                                       std::size_t frame_bytes_max) {
    if (kind_.mode == SubscriptionMode::Latest && pending_.size() > 1) conflate_pending();
    build_chunks(frame_bytes_max);
    std::uint64_t delivered = 0;
    for (Subscription* member : members_) delivered += deliver(*member, waiting);
    pending_.clear();
    return delivered;
}

// Only the newest of each value is pending; offsets still rise.
void SubscriptionGroup::conflate_pending() {
    std::unordered_set<ValueName, ValueName::Hash> seen;
    std::vector<Pending> kept;  // newest first
    for (auto it = pending_.rbegin(); it != pending_.rend(); ++it) {
        if (seen.insert(ValueName(*it->update)).second) {
            kept.push_back(std::move(*it));
        } else {
            count_conflated(it->update->offset);
        }
    }
    std::reverse(kept.begin(), kept.end());
    pending_ = std::move(kept);
}

// Those that came later have it in what they began with, or something newer.
void SubscriptionGroup::count_conflated(std::uint64_t offset) {
    for (Subscription* member : members_) {
        if (member->offset < offset) member->session.count_conflated(1);
    }
}

void SubscriptionGroup::build_chunks(std::size_t frame_bytes_max) {
    chunks_.clear();
    joined_.clear();
    too_large_ = std::any_of(pending_.begin(), pending_.end(), [&](const Pending& pending) {
        return pending.frame->size() > frame_bytes_max;
    });
    std::vector<std::string_view> frames;
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    for (std::size_t begin = 0; begin < pending_.size();) {
        std::size_t bytes = 0;
        std::size_t end = begin;
        for (; end < pending_.size(); ++end) {
            bytes += pending_[end].frame->size();
            if (end > begin && bytes > chunk_bytes) break;
        }
        ranges.emplace_back(begin, end);
        begin = end;
    }
    joined_.reserve(ranges.size());  // chunks point into it
    for (const auto& [begin, end] : ranges) {
        if (end - begin == 1) {
            chunks_.push_back({*pending_[begin].frame, begin, end});
            continue;
        }
        frames.clear();
        for (std::size_t i = begin; i < end; ++i) frames.push_back(*pending_[i].frame);
        kind_.shape->append(joined_.emplace_back(), frames);
        chunks_.push_back({joined_.back(), begin, end});
    }
}

std::uint64_t SubscriptionGroup::deliver(Subscription& subscription,
                                         std::vector<Session*>& waiting) {
    Session& session = subscription.session;
    // Only what waited for max_rate can be older than a subscription.
    const bool all_new = subscription.offset < pending_.front().update->offset;
    std::uint64_t delivered = 0;
    for (const Chunk& chunk : chunks_) {
        if (all_new && !too_large_ && session.takes_at_once(subscription)) {
            const std::size_t updates = chunk.end - chunk.begin;
            if (session.write_at_once(chunk.bytes, updates)) delivered += updates;
            continue;
        }
        for (std::size_t i = chunk.begin; i < chunk.end; ++i) {
            const auto& [frame, update] = pending_[i];
            if (update->offset <= subscription.offset) continue;
            if (session.enqueue(subscription, frame, update)) waiting.push_back(&session);
        }
    }
    return delivered;
}

}  // namespace rtbridge
