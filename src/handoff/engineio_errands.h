#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/bytes.h"
#include "base/thread_role.h"
#include "handoff/mailbox.h"
#include "handoff/metrics.h"

namespace rtbridge {

class EngineIoRelay;

// What the Engine.IO server of one listener has that of another do: the kernel spreads connections
// over the listeners, and the requests of a polling client come by several. Each has an inbox,
// bounded by the limit "errands": a request that it has no room for is refused.
//
// Thread: listeners; the lock is held for a push or a swap.
class EngineIoErrands {
public:
    // Run on the thread of the listener it was sent to. Owns what it needs.
    using Errand = std::function<void(EngineIoRelay&)>;

    static constexpr std::uint32_t members_max = 64;  // as listener.threads
    static constexpr std::size_t waiting_max = 1024;  // of each inbox
    static constexpr std::size_t waiting_bytes_max = 16 * MiB;

    explicit EngineIoErrands(Metrics& metrics) : metrics_(metrics) {}

    class Inbox {
    public:
        [[nodiscard]] std::uint32_t number() const { return number_; }
        // Spares whoever looks the lock.
        [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_acquire); }

    private:
        friend class EngineIoErrands;
        Inbox(Wakeup& wakeup, std::uint32_t number) : wakeup_(wakeup), number_(number) {}
        Wakeup& wakeup_;
        const std::uint32_t number_;
        // Guarded by the mutex of EngineIoErrands.
        std::vector<Errand> waiting_;
        std::size_t bytes_ = 0;
        std::atomic<bool> any_{false};
    };

    // `wakeup` is called on any listener's thread until leave(). Null: there are members_max.
    [[nodiscard]] std::shared_ptr<Inbox> join(Wakeup& wakeup);
    void leave(const Inbox& inbox);
    [[nodiscard]] bool anyone(std::uint32_t number);

    enum class Sent : std::uint8_t {
        Yes,
        NoRoom,  // counted
        NobodyThere,
    };
    // `bytes`: of what the errand owns.
    [[nodiscard]] Sent send(std::uint32_t to, Errand errand, std::size_t bytes) ON_LISTENER_THREAD;
    // What belongs to an errand that was sent, of which there are so many and no more.
    void answer(std::uint32_t to, Errand errand) ON_LISTENER_THREAD;
    [[nodiscard]] std::vector<Errand> take(Inbox& inbox) ON_LISTENER_THREAD;

private:
    void push(Inbox& inbox, Errand errand, std::size_t bytes);

    Metrics& metrics_;
    std::mutex mutex_;
    std::array<std::shared_ptr<Inbox>, members_max> inboxes_;  // guarded by mutex_; by number
};

}  // namespace rtbridge
