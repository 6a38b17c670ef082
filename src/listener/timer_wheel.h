#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>

#include "base/clock.h"

namespace rtbridge {

// Many deadlines, coarsely: what costs nothing while nothing is due, for sessions that idle. An
// entry is its own list node, so that scheduling allocates nothing.
//
// Thread: listener.
class TimerWheel {
public:
    static constexpr std::chrono::milliseconds tick{250};

    class Entry {
    public:
        Entry() = default;
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry() { unlink(); }

    private:
        friend class TimerWheel;
        void unlink() noexcept;
        Entry* previous_ = nullptr;
        Entry* next_ = nullptr;
    };

    explicit TimerWheel(SteadyTime now) : now_(now) {}

    // Replaces what was scheduled for the entry. It comes up at `due` or up to a tick later; one
    // that is due in more than a minute comes up earlier and has to be scheduled again.
    void schedule(Entry& entry, SteadyTime due) noexcept;
    // Takes out every entry that is due and calls `visit` with it.
    void advance(SteadyTime now, const std::function<void(Entry&)>& visit);

private:
    static constexpr std::size_t slot_count = 256;
    struct Slot : Entry {};  // head of a ring

    std::array<Slot, slot_count> slots_;
    SteadyTime now_;
    std::size_t current_ = 0;
};

}  // namespace rtbridge
