#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/thread_role.h"
#include "handoff/metrics.h"

namespace rtbridge {

// Which users are here, at any listener. Who goes and comes back within a grace period, as a page
// that is loaded again, was never gone.
//
// Thread: listeners; the lock is held for a look-up. Bounded by the sessions that are open, and by
// the limit "presence" in those who may come back: beyond, those who went first count as gone.
class Presence {
public:
    static constexpr std::size_t leaving_max = 10'000;

    explicit Presence(Metrics& metrics) : metrics_(metrics) {}

    // One more session of the user. True: the user was not here.
    [[nodiscard]] bool enter(const std::string& user) ON_LISTENER_THREAD;
    // REQUIRES: entered.
    void leave(const std::string& user, SteadyTime gone_at) ON_LISTENER_THREAD;
    // Who is gone by now, each told once.
    [[nodiscard]] std::vector<std::string> take_gone(SteadyTime now) ON_LISTENER_THREAD;

private:
    struct Leaving {
        std::string user;
        SteadyTime gone_at;
    };
    struct Here {
        std::uint32_t sessions = 0;
        std::list<Leaving>::iterator leaving;  // where sessions == 0
    };

    Metrics& metrics_;
    std::mutex mutex_;
    // Guarded by mutex_.
    std::unordered_map<std::string, Here> users_;
    std::list<Leaving> leaving_;  // who went first comes first
};

}  // namespace rtbridge
