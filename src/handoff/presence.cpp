#include "handoff/presence.h"

#include <cassert>
#include <utility>

namespace rtbridge {

bool Presence::enter(const std::string& user) {
    const std::lock_guard lock(mutex_);
    const auto [it, is_new] = users_.try_emplace(user);
    Here& here = it->second;
    if (!is_new && here.sessions == 0) leaving_.erase(here.leaving);
    ++here.sessions;
    return is_new;
}

void Presence::leave(const std::string& user, SteadyTime gone_at) {
    const std::lock_guard lock(mutex_);
    const auto it = users_.find(user);
    assert(it != users_.end() && it->second.sessions > 0);
    if (--it->second.sessions > 0) return;
    it->second.leaving = leaving_.insert(leaving_.end(), {user, gone_at});
}

// Where the grace period was changed by a reload, some wait for those before them.
std::vector<std::string> Presence::take_gone(SteadyTime now) {
    std::vector<std::string> gone;
    const std::lock_guard lock(mutex_);
    while (!leaving_.empty()) {
        const bool crowded = leaving_.size() > leaving_max;
        if (!crowded && leaving_.front().gone_at > now) break;
        if (crowded) metrics_.hit(Limit::Presence);
        users_.erase(leaving_.front().user);
        gone.push_back(std::move(leaving_.front().user));
        leaving_.pop_front();
    }
    return gone;
}

}  // namespace rtbridge
