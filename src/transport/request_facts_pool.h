#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "access/admission.h"
#include "base/seeded_hash.h"
#include "base/thread_role.h"

namespace rtbridge {

// What sessions keep of the request that opened them, without its addresses: the sessions of one
// page share it.
//
// Thread: listener. Holds what is in use and forgets the rest.
class RequestFactsPool {
public:
    [[nodiscard]] std::shared_ptr<const RequestFacts> share(RequestFacts facts) ON_LISTENER_THREAD;

private:
    void forget_unused();

    static constexpr std::size_t prune_at_first = 64;
    SeededHash hash_;
    std::unordered_multimap<std::uint64_t, std::weak_ptr<const RequestFacts>> by_hash_;
    std::size_t prune_at_ = prune_at_first;  // entries; then those not in use go
};

}  // namespace rtbridge
