#pragma once

#include "base/clock.h"
#include "base/histogram.h"

namespace rtbridge {

// Records how long its scope took. A null histogram: this time it is not measured, and costs
// nothing.
class Stopwatch {
public:
    Stopwatch(Histogram* histogram, const Clock& clock)
        : histogram_(histogram), clock_(clock), begun_(histogram ? clock.now() : SteadyTime{}) {}
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;
    ~Stopwatch() {
        if (histogram_ != nullptr) histogram_->record(clock_.now() - begun_);
    }

private:
    Histogram* histogram_;
    const Clock& clock_;
    SteadyTime begun_;
};

}  // namespace rtbridge
