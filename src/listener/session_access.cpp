#include "listener/session_access.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace rtbridge {
namespace {

// Only finds candidates, so what rarely differs alone is left out.
std::size_t hash_of(const Identity& identity) {
    const std::hash<std::string> hash;
    std::size_t sum = hash(identity.user) * 31 + hash(identity.address);
    for (const std::string& role : identity.roles) sum = sum * 31 + hash(role);
    return sum * 31 + std::hash<std::int64_t>()(identity.expires_unix_s.value_or(0));
}

}  // namespace

SessionAccessPtr SessionAccessPool::share(Visitor visitor, const Policy& policy) {
    const std::size_t hash = hash_of(visitor.identity);
    const auto [begin, end] = by_hash_.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
        SessionAccessPtr known = it->second.lock();
        if (known && known->visitor == visitor) return known;
    }
    auto grants = policy.grants(visitor.identity);
    // Not make_shared(): a weak pointer would keep the whole of it.
    SessionAccessPtr access(new SessionAccess{std::move(visitor), std::move(grants)});
    if (by_hash_.size() >= prune_at_) forget_unused();
    by_hash_.emplace(hash, access);
    return access;
}

void SessionAccessPool::forget_unused() {
    std::erase_if(by_hash_, [](const auto& entry) { return entry.second.expired(); });
    prune_at_ = std::max(prune_at_first, 2 * by_hash_.size());
}

}  // namespace rtbridge
