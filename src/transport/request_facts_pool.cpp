#include "transport/request_facts_pool.h"

#include <algorithm>
#include <utility>

namespace rtbridge {

std::shared_ptr<const RequestFacts> RequestFactsPool::share(RequestFacts facts) {
    facts.peer_address = {};
    facts.client_address = {};
    const std::uint64_t hash = hash_(hash_(0, facts.host), facts.origin.value_or(""));
    const auto [begin, end] = by_hash_.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
        std::shared_ptr<const RequestFacts> known = it->second.lock();
        if (known && *known == facts) return known;
    }
    // Not make_shared(): a weak pointer would keep the whole of it.
    std::shared_ptr<const RequestFacts> shared(new RequestFacts(std::move(facts)));
    if (by_hash_.size() >= prune_at_) forget_unused();
    by_hash_.emplace(hash, shared);
    return shared;
}

void RequestFactsPool::forget_unused() {
    std::erase_if(by_hash_, [](const auto& entry) { return entry.second.expired(); });
    prune_at_ = std::max(prune_at_first, 2 * by_hash_.size());
}

}  // namespace rtbridge
