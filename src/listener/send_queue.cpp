#include "listener/send_queue.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

namespace rtbridge {

std::size_t SendQueue::SlotHash::operator()(const Slot& slot) const noexcept {
    return std::hash<const void*>()(slot.subscription) * 7 + ValueName::Hash()(slot.name);
}

SendQueue::Slot SendQueue::slot_of(const Item& item) {
    return {item.subscription, ValueName(*item.update)};
}

void SendQueue::push(Item item, const QueueLimits& limits, std::vector<Loss>& losses) {
    if (item.frame->size() > limits.hard_bytes) {
        losses.push_back({item.subscription, item.update->offset, Fate::TooLarge});
        return;
    }
    if (item.subscription->mode() == SubscriptionMode::Latest) replace_in_next_round(item, losses);
    if (bytes_ <= limits.soft_bytes) conflate_above_bytes_ = limits.soft_bytes;
    bytes_ += item.frame->size();
    ++size_;
    items_.push_back(std::move(item));
    if (bytes_ <= std::min(conflate_above_bytes_, limits.hard_bytes)) return;

    // Conflating looks at the whole queue, so the next time is due when a sixteenth of the limit
    // has come in: the cost per update stays constant, and dropping makes room for as much.
    const std::size_t step = limits.hard_bytes / 16;
    conflate(Which::All, losses);
    if (bytes_ > limits.hard_bytes) drop_oldest(limits.hard_bytes - step, losses);
    conflate_above_bytes_ = std::max(limits.soft_bytes, bytes_ + step);
    assert(bytes_ <= limits.hard_bytes);
}

void SendQueue::replace_in_next_round(const Item& item, std::vector<Loss>& losses) {
    if (!next_round_) next_round_ = std::make_unique<Slots>();
    const auto former = next_round_->extract(slot_of(item));
    if (!former.empty()) {
        Item& older = items_[former.mapped()];
        losses.push_back({older.subscription, older.update->offset, Fate::Conflated});
        take_out(older);
        skip_holes();
    }
    if (items_.size() > 2 * size_ + 64) squeeze();
    const std::size_t place = items_.size();
    // The names are views into the update that waits, so they are those of the new one from now on.
    next_round_->emplace(slot_of(item), place);
}

void SendQueue::take_out(Item& item) noexcept {
    bytes_ -= item.frame->size();
    --size_;
    item = {};
}

void SendQueue::skip_holes() noexcept {
    while (head_ < items_.size() && items_[head_].update == nullptr) ++head_;
}

// A stalled browser's values are replaced again and again, and each leaves a hole.
void SendQueue::squeeze() {
    std::vector<std::size_t> moved_to(items_.size());
    std::size_t to = 0;
    for (std::size_t from = 0; from < items_.size(); ++from) {
        if (from == round_end_) round_end_ = to;
        moved_to[from] = to;
        if (items_[from].update == nullptr) continue;
        if (from != to) items_[to] = std::exchange(items_[from], {});
        ++to;
    }
    round_end_ = std::min(round_end_, to);
    items_.resize(to);
    head_ = 0;
    for (auto& [slot, place] : *next_round_) place = moved_to[place];
}

void SendQueue::drop_oldest(std::size_t bytes_max, std::vector<Loss>& losses) {
    next_round_.reset();
    while (size_ > 1 && bytes_ > bytes_max) {
        losses.push_back({items_[head_].subscription, items_[head_].update->offset, Fate::Dropped});
        take_out(items_[head_]);
        skip_holes();
    }
    compact();
}

void SendQueue::conflate(Which which, std::vector<Loss>& losses) {
    next_round_.reset();
    std::unordered_set<Slot, SlotHash> seen;
    std::vector<Item> kept;  // newest first
    for (std::size_t i = items_.size(); i-- > head_;) {
        Item& item = items_[i];
        if (item.update == nullptr) continue;
        const bool looked_at =
            which == Which::All || item.subscription->mode() == SubscriptionMode::Latest;
        if (!looked_at || seen.insert(slot_of(item)).second) {
            kept.push_back(std::move(item));
            continue;
        }
        losses.push_back({item.subscription, item.update->offset, Fate::Conflated});
        take_out(item);
    }
    std::reverse(kept.begin(), kept.end());
    items_ = std::move(kept);
    head_ = 0;
    round_end_ = 0;
}

std::vector<const SendQueue::Item*> SendQueue::front(std::size_t chunk_bytes) {
    assert(!empty());
    if (head_ >= round_end_) {
        round_end_ = items_.size();
        next_round_.reset();
    }
    std::vector<const Item*> found;
    std::size_t bytes = 0;
    for (std::size_t i = head_; i < round_end_; ++i) {
        const Item& item = items_[i];
        if (item.update == nullptr) continue;
        bytes += item.frame->size();
        if (!found.empty() && bytes > chunk_bytes) break;
        found.push_back(&item);
    }
    return found;
}

void SendQueue::pop(std::size_t items) {
    assert(items <= size_);
    for (; items > 0; --items) {
        skip_holes();
        take_out(items_[head_++]);
    }
    skip_holes();
    compact();
}

void SendQueue::sort_from(std::size_t items) {
    if (next_round_ || size_ <= items) return;
    std::stable_sort(
        items_.end() - static_cast<std::ptrdiff_t>(size_ - items), items_.end(),
        [](const Item& a, const Item& b) { return a.update->offset < b.update->offset; });
}

std::size_t SendQueue::remove_if(const std::function<bool(const Item&)>& unwanted) {
    next_round_.reset();
    std::size_t removed = 0;
    for (std::size_t i = head_; i < items_.size(); ++i) {
        if (items_[i].update == nullptr || !unwanted(items_[i])) continue;
        take_out(items_[i]);
        ++removed;
    }
    skip_holes();
    compact();
    return removed;
}

void SendQueue::compact() {
    if (empty()) {
        assert(bytes_ == 0);
        head_ = round_end_ = 0;
        next_round_.reset();
        if (items_.capacity() > 64) {
            items_ = {};  // after a jam: a session that idles again holds nothing
        } else {
            items_.clear();
        }
    } else if (head_ > 64 && head_ > items_.size() / 2 && next_round_ == nullptr) {
        items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
        round_end_ -= std::min(round_end_, head_);
        head_ = 0;
    }
}

}  // namespace rtbridge
