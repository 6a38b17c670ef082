#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "access/policy.h"
#include "access/visitor.h"
#include "base/thread_role.h"

namespace rtbridge {

// Who a session is and what it may do; equal ones share one object. Immutable.
struct SessionAccess {
    Visitor visitor;
    std::shared_ptr<const Grants> grants;  // never null

    [[nodiscard]] const Identity& identity() const { return visitor.identity; }
};
using SessionAccessPtr = std::shared_ptr<const SessionAccess>;

// Finds the SessionAccess of a visitor, so that 10,000 sessions of one role cost one.
//
// Thread: listener. Holds what is in use and forgets the rest.
class SessionAccessPool {
public:
    [[nodiscard]] SessionAccessPtr share(Visitor visitor, const Policy& policy) ON_LISTENER_THREAD;
    // REQUIRED when the policy changes: what is shared belongs to one policy.
    void clear() ON_LISTENER_THREAD { by_hash_.clear(); }

private:
    void forget_unused();

    static constexpr std::size_t prune_at_first = 64;
    std::unordered_multimap<std::size_t, std::weak_ptr<const SessionAccess>> by_hash_;
    std::size_t prune_at_ = prune_at_first;  // entries; then those not in use go
};

}  // namespace rtbridge
