#pragma once

#include "base/thread_role.h"

namespace rtbridge {

// Calls the broker's loop out of its sleep, so that what waits for its thread need not wait for the
// next tick, which may be 100 ms away.
class Doorbell {
public:
    virtual ~Doorbell() = default;
    // Something waits for the broker thread. Must not block; ringing again before answered() costs
    // nothing. Thread: any.
    virtual void ring() noexcept = 0;
    // The broker thread is about to take what waits: to be called before it looks.
    virtual void answered() noexcept ON_BROKER_THREAD = 0;
};

}  // namespace rtbridge
