#include "handoff/engineio_errands.h"

#include <utility>

namespace rtbridge {

std::shared_ptr<EngineIoErrands::Inbox> EngineIoErrands::join(Wakeup& wakeup) {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t number = 0; number < members_max; ++number) {
        if (inboxes_.at(number)) continue;
        inboxes_.at(number).reset(new Inbox(wakeup, number));
        return inboxes_.at(number);
    }
    return nullptr;
}

void EngineIoErrands::leave(const Inbox& inbox) {
    const std::lock_guard lock(mutex_);
    inboxes_.at(inbox.number()).reset();
}

bool EngineIoErrands::anyone(std::uint32_t number) {
    const std::lock_guard lock(mutex_);
    return inboxes_.at(number) != nullptr;
}

// Under the lock, so that nobody is woken who has left.
void EngineIoErrands::push(Inbox& inbox, Errand errand, std::size_t bytes) {
    inbox.waiting_.push_back(std::move(errand));
    inbox.bytes_ += bytes;
    if (!inbox.any_.exchange(true, std::memory_order_acq_rel)) inbox.wakeup_.wake();
}

EngineIoErrands::Sent EngineIoErrands::send(std::uint32_t to, Errand errand, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (to >= members_max || !inboxes_.at(to)) return Sent::NobodyThere;
    Inbox& inbox = *inboxes_.at(to);
    if (inbox.waiting_.size() >= waiting_max || inbox.bytes_ + bytes > waiting_bytes_max) {
        metrics_.hit(Limit::Errands);
        return Sent::NoRoom;
    }
    push(inbox, std::move(errand), bytes);
    return Sent::Yes;
}

void EngineIoErrands::answer(std::uint32_t to, Errand errand) {
    const std::lock_guard lock(mutex_);
    if (inboxes_.at(to)) push(*inboxes_.at(to), std::move(errand), 0);
}

std::vector<EngineIoErrands::Errand> EngineIoErrands::take(Inbox& inbox) {
    const std::lock_guard lock(mutex_);
    inbox.any_.store(false, std::memory_order_release);
    inbox.bytes_ = 0;
    return std::exchange(inbox.waiting_, {});
}

}  // namespace rtbridge
