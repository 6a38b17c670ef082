#include "listener/timer_wheel.h"

#include <algorithm>
#include <cstdint>
#include <ratio>

namespace rtbridge {
namespace {

using Ticks = std::chrono::duration<std::int64_t, std::ratio<TimerWheel::tick.count(), 1000>>;

}  // namespace

void TimerWheel::Entry::unlink() noexcept {
    if (previous_ == nullptr) return;
    previous_->next_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    previous_ = next_ = nullptr;
}

void TimerWheel::schedule(Entry& entry, SteadyTime due) noexcept {
    entry.unlink();
    const auto ticks = std::chrono::ceil<Ticks>(due - now_).count();
    const auto ahead = std::clamp<Ticks::rep>(ticks, 1, slot_count - 1);
    Entry& head = slots_.at((current_ + static_cast<std::size_t>(ahead)) % slot_count);
    entry.previous_ = &head;
    entry.next_ = head.next_;
    if (head.next_ != nullptr) head.next_->previous_ = &entry;
    head.next_ = &entry;
}

void TimerWheel::advance(SteadyTime now, const std::function<void(Entry&)>& visit) {
    // After a long sleep one turn of the wheel sees everything.
    if (now - now_ > tick * slot_count) now_ = now - tick * slot_count;
    while (now - now_ >= tick) {
        now_ += tick;
        current_ = (current_ + 1) % slot_count;
        Entry& head = slots_.at(current_);
        while (head.next_ != nullptr) {
            Entry& entry = *head.next_;
            entry.unlink();
            visit(entry);
        }
    }
}

}  // namespace rtbridge
