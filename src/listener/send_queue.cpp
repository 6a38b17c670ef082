#include "listener/send_queue.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace rtbridge {
namespace {

using Identity = std::tuple<std::string_view, std::string_view, std::string_view>;

struct IdentityHash {
    std::size_t operator()(const Identity& id) const noexcept {
        const std::hash<std::string_view> hash;
        return hash(std::get<0>(id)) * 31 + hash(std::get<1>(id)) * 17 + hash(std::get<2>(id));
    }
};

}  // namespace

SendQueue::Loss SendQueue::push(FramePtr frame, UpdatePtr update, const QueueLimits& limits) {
    Loss loss;
    if (frame->size() > limits.hard_bytes) {
        loss.dropped = 1;
        return loss;
    }
    if (bytes_ <= limits.soft_bytes) conflate_above_bytes_ = limits.soft_bytes;
    bytes_ += frame->size();
    items_.push_back({std::move(frame), std::move(update)});
    if (bytes_ <= std::min(conflate_above_bytes_, limits.hard_bytes)) return loss;

    // Conflating looks at the whole queue, so the next time is due when a sixteenth of the limit
    // has come in: the cost per update stays constant, and dropping makes room for as much.
    const std::size_t step = limits.hard_bytes / 16;
    loss.conflated = conflate();
    if (bytes_ > limits.hard_bytes) {
        while (size() > 1 && bytes_ > limits.hard_bytes - step) {
            drop_oldest();
            ++loss.dropped;
        }
        compact();
    }
    conflate_above_bytes_ = std::max(limits.soft_bytes, bytes_ + step);
    assert(bytes_ <= limits.hard_bytes);
    return loss;
}

void SendQueue::drop_oldest() {
    bytes_ -= items_[head_].frame->size();
    items_[head_++] = {};
}

std::size_t SendQueue::conflate() {
    std::unordered_set<Identity, IdentityHash> seen;
    std::vector<Item> kept;  // newest first
    std::size_t conflated = 0;
    for (std::size_t i = items_.size(); i-- > head_;) {
        const Update& update = *items_[i].update;
        if (seen.insert({update.topic, update.key_name, update.key}).second) {
            kept.push_back(std::move(items_[i]));
            continue;
        }
        bytes_ -= items_[i].frame->size();
        ++conflated;
    }
    std::reverse(kept.begin(), kept.end());
    items_ = std::move(kept);
    head_ = 0;
    return conflated;
}

SendQueue::Chunk SendQueue::front(std::size_t chunk_bytes, std::string& scratch) const {
    assert(!empty());
    const std::string& first = *items_[head_].frame;
    if (size() == 1 || first.size() + items_[head_ + 1].frame->size() > chunk_bytes) {
        return {first, 1};
    }
    scratch.clear();
    std::size_t frames = 0;
    while (frames < size() &&
           scratch.size() + items_[head_ + frames].frame->size() <= chunk_bytes) {
        scratch += *items_[head_ + frames++].frame;
    }
    return {scratch, frames};
}

void SendQueue::pop(std::size_t frames) {
    assert(frames <= size());
    for (; frames > 0; --frames) drop_oldest();
    compact();
}

std::size_t SendQueue::remove_if(const std::function<bool(const Update&)>& unwanted) {
    const auto first = items_.begin() + static_cast<std::ptrdiff_t>(head_);
    const auto rest = std::remove_if(first, items_.end(), [&](const Item& item) {
        if (!unwanted(*item.update)) return false;
        bytes_ -= item.frame->size();
        return true;
    });
    const auto removed = static_cast<std::size_t>(items_.end() - rest);
    items_.erase(rest, items_.end());
    compact();
    return removed;
}

void SendQueue::compact() {
    if (empty()) {
        assert(bytes_ == 0);
        head_ = 0;
        if (items_.capacity() > 64) {
            items_ = {};  // after a jam: a session that idles again holds nothing
        } else {
            items_.clear();
        }
    } else if (head_ > 64 && head_ > items_.size() / 2) {
        items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
}

}  // namespace rtbridge
