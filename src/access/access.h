#pragma once

#include <memory>

#include "access/authenticator.h"
#include "access/policy.h"

namespace rtbridge {

// What [auth] and [acl] became; both worlds decide by it, and a reload swaps it as one.
// Thread: any; immutable. Never holds null.
struct Access {
    std::shared_ptr<const Authenticator> authenticator;
    std::shared_ptr<const Policy> policy;
};
using AccessPtr = std::shared_ptr<const Access>;

}  // namespace rtbridge
