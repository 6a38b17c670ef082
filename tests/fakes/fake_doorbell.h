#pragma once

#include "handoff/doorbell.h"

namespace rtbridge {

// Counts how often it was rung.
class FakeDoorbell final : public Doorbell {
public:
    void ring() noexcept override { ++rings; }
    void answered() noexcept override { ++answers; }
    int rings = 0;
    int answers = 0;
};

}  // namespace rtbridge
