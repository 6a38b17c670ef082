#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/thread_role.h"
#include "handoff/mailbox.h"
#include "handoff/metrics.h"

namespace rtbridge {

// What some sessions are to be told, whichever listener they are at. Immutable.
struct Announcement {
    std::string event;
    std::string body;  // JSON
    // Who: all that is given must match.
    std::string user{};         // empty: whoever
    std::string role{};         // likewise
    std::string except_user{};  // empty: nobody

    [[nodiscard]] std::size_t bytes() const noexcept {
        return sizeof(Announcement) + event.size() + body.size();
    }
};
using AnnouncementPtr = std::shared_ptr<const Announcement>;

// The way from one listener's sessions to those of all. Each listener has an inbox, bounded by the
// limit "announcements": what it has no room for does not reach its sessions, and is counted.
//
// Thread: listeners; the lock is held for a push or a swap.
class Announcements {
public:
    static constexpr std::size_t waiting_max = 1024;           // of each inbox
    static constexpr std::size_t waiting_bytes_max = 4 * MiB;  // likewise

    class Inbox {
    public:
        // Spares whoever looks the lock.
        [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_acquire); }

    private:
        friend class Announcements;
        explicit Inbox(Wakeup& wakeup) : wakeup_(wakeup) {}
        Wakeup& wakeup_;
        // Guarded by the mutex of Announcements.
        std::vector<AnnouncementPtr> waiting_;
        std::size_t bytes_ = 0;
        std::atomic<bool> any_{false};
    };

    explicit Announcements(Metrics& metrics) : metrics_(metrics) {}

    // `wakeup` is called on any listener's thread until leave().
    [[nodiscard]] std::shared_ptr<Inbox> join(Wakeup& wakeup);
    void leave(const std::shared_ptr<Inbox>& inbox);

    // To every inbox, that of the caller as well: what was said first is heard first there, too.
    void announce(const AnnouncementPtr& announcement) ON_LISTENER_THREAD;
    [[nodiscard]] std::vector<AnnouncementPtr> take(Inbox& inbox) ON_LISTENER_THREAD;

private:
    Metrics& metrics_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<Inbox>> inboxes_;  // guarded by mutex_
};

}  // namespace rtbridge
