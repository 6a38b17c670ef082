#include "handoff/announcements.h"

#include <utility>

namespace rtbridge {

std::shared_ptr<Announcements::Inbox> Announcements::join(Wakeup& wakeup) {
    std::shared_ptr<Inbox> inbox(new Inbox(wakeup));
    const std::lock_guard lock(mutex_);
    inboxes_.push_back(inbox);
    return inbox;
}

void Announcements::leave(const std::shared_ptr<Inbox>& inbox) {
    const std::lock_guard lock(mutex_);
    std::erase(inboxes_, inbox);
}

void Announcements::announce(const AnnouncementPtr& announcement) {
    const std::lock_guard lock(mutex_);
    for (const std::shared_ptr<Inbox>& inbox : inboxes_) {
        const std::size_t bytes = inbox->bytes_ + announcement->bytes();
        if (inbox->waiting_.size() >= waiting_max || bytes > waiting_bytes_max) {
            metrics_.hit(Limit::Announcements);
            continue;
        }
        inbox->waiting_.push_back(announcement);
        inbox->bytes_ = bytes;
        // Under the lock, so that nobody is woken who has left.
        if (!inbox->any_.exchange(true, std::memory_order_acq_rel)) inbox->wakeup_.wake();
    }
}

std::vector<AnnouncementPtr> Announcements::take(Inbox& inbox) {
    const std::lock_guard lock(mutex_);
    inbox.any_.store(false, std::memory_order_release);
    inbox.bytes_ = 0;
    return std::exchange(inbox.waiting_, {});
}

}  // namespace rtbridge
