#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/gauge.h"

namespace rtbridge {

// How long something took, counted in fixed buckets: a figure that one thread raises and any thread
// reads. Relaxed, as a Gauge is: what is read beside a write may lack its newest value.
class Histogram {
public:
    using Nanoseconds = std::chrono::nanoseconds;
    // The largest value of each bucket; a last one without a bound holds the rest.
    static constexpr std::array<Nanoseconds, 23> bounds = [] {
        std::array<Nanoseconds, 23> all{Nanoseconds(500)};
        std::int64_t decade = 1'000;
        for (std::size_t i = 1; i < all.size(); ++i) {
            constexpr std::int64_t steps[] = {1, 2, 5};
            all.at(i) = Nanoseconds(steps[(i - 1) % 3] * decade);
            if (i % 3 == 0) decade *= 10;
        }
        return all;
    }();

    // A reading, at one time or of several histograms together. A value.
    struct Reading {
        std::array<std::uint64_t, bounds.size() + 1> counts{};  // by bucket, not cumulative
        Nanoseconds sum{0};

        [[nodiscard]] std::uint64_t count() const noexcept;
        // Below it are `share` (0 to 1) of all values, as far as the buckets tell: within a bucket
        // they are taken for evenly spread, beyond the last bound for that bound. Nothing where
        // there are no values.
        [[nodiscard]] std::optional<Nanoseconds> quantile(double share) const noexcept;
        Reading& operator+=(const Reading& other) noexcept;
    };

    void record(Nanoseconds value) noexcept;  // below zero counts as zero
    [[nodiscard]] Reading read() const noexcept;

private:
    std::array<Gauge, bounds.size() + 1> counts_;
    Gauge sum_ns_;
};

}  // namespace rtbridge
