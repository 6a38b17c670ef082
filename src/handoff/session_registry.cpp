#include "handoff/session_registry.h"

#include <algorithm>
#include <utility>

namespace rtbridge {

void SessionRegistry::add(SessionRecordPtr session, Details details) {
    const std::lock_guard lock(mutex_);
    const auto [added, is_new] = sessions_.emplace(std::move(session), std::move(details));
    if (!is_new) return;
    const SessionRecord& record = *added->first;
    if (!record.user.empty()) ++by_user_[record.user];
    ++by_transport_[record.transport];
    size_.store(sessions_.size(), std::memory_order_relaxed);
}

void SessionRegistry::set_details(const SessionRecordPtr& session, Details details) {
    const std::lock_guard lock(mutex_);
    const auto it = sessions_.find(session);
    if (it != sessions_.end()) std::swap(it->second, details);
}

void SessionRegistry::remove(const SessionRecordPtr& session) {
    const std::lock_guard lock(mutex_);
    if (sessions_.erase(session) == 0) return;
    const auto user = by_user_.find(session->user);
    if (user != by_user_.end() && --user->second == 0) by_user_.erase(user);
    const auto transport = by_transport_.find(session->transport);
    if (--transport->second == 0) by_transport_.erase(transport);
    size_.store(sessions_.size(), std::memory_order_relaxed);
}

std::uint32_t SessionRegistry::count_of_user(const std::string& user) const {
    const std::lock_guard lock(mutex_);
    const auto it = by_user_.find(user);
    return it == by_user_.end() ? 0 : it->second;
}

std::map<std::string_view, std::size_t> SessionRegistry::count_by_transport() const {
    const std::lock_guard lock(mutex_);
    return by_transport_;
}

std::vector<SessionRegistry::Listed> SessionRegistry::list(std::size_t most) const {
    std::vector<Listed> listed;
    const std::lock_guard lock(mutex_);
    listed.reserve(std::min(sessions_.size(), most));
    for (const auto& [record, details] : sessions_) {
        if (listed.size() == most) break;
        listed.push_back({record, details});
    }
    return listed;
}

SessionRegistry::Totals SessionRegistry::totals() const {
    Totals totals;
    const std::lock_guard lock(mutex_);
    for (const auto& [record, details] : sessions_) {
        const std::uint64_t queue_bytes = record->queue_bytes.value();
        totals.queue_bytes += queue_bytes;
        totals.queue_bytes_largest = std::max(totals.queue_bytes_largest, queue_bytes);
        totals.subscriptions += record->subscriptions.value();
    }
    return totals;
}

}  // namespace rtbridge
