#pragma once

#include <atomic>
#include <cstdint>

#include "handoff/announcements.h"
#include "handoff/engineio_errands.h"
#include "handoff/metrics.h"
#include "handoff/presence.h"

namespace rtbridge {

// What the Socket.IO clients of all listeners share. Thread: any.
struct SharedSocketIo {
    explicit SharedSocketIo(Metrics& metrics)
        : announcements(metrics), presence(metrics), errands(metrics) {}

    Announcements announcements;
    Presence presence;
    EngineIoErrands errands;
    std::atomic<std::uint64_t> subscribed_keys{0};  // of all clients together
};

}  // namespace rtbridge
