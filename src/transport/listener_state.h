#pragma once

#include <cstdint>

#include "base/clock.h"
#include "handoff/config_snapshot.h"
#include "handoff/metrics.h"
#include "listener/sessions.h"
#include "transport/address_counts.h"
#include "transport/api.h"

namespace rtbridge {

// What a listener thread knows; shared by everything that runs on it. Thread: listener.
struct ListenerState {
    ListenerState(ConfigSnapshotPtr snapshot, Metrics& all_metrics, const Clock& a_clock)
        : config(std::move(snapshot)),
          metrics(all_metrics),
          clock(a_clock),
          sessions(all_metrics, a_clock, config->limits),
          started(a_clock.now()) {}

    [[nodiscard]] ApiContext api() const {
        return {*config, sessions, metrics, clock, started, draining};
    }

    ConfigSnapshotPtr config;
    Metrics& metrics;
    const Clock& clock;
    Sessions sessions;
    AddressCounts addresses;
    SteadyTime started;
    bool draining = false;
};

}  // namespace rtbridge
