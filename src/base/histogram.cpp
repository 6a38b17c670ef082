#include "base/histogram.h"

#include <algorithm>
#include <numeric>

namespace rtbridge {

static_assert(Histogram::bounds.back() == std::chrono::seconds(10));

void Histogram::record(Nanoseconds value) noexcept {
    value = std::max(value, Nanoseconds(0));
    const auto* const bound = std::lower_bound(bounds.begin(), bounds.end(), value);
    counts_[static_cast<std::size_t>(bound - bounds.begin())].add();
    sum_ns_.add(static_cast<std::uint64_t>(value.count()));
}

Histogram::Reading Histogram::read() const noexcept {
    Reading reading;
    for (std::size_t i = 0; i < counts_.size(); ++i) reading.counts[i] = counts_[i].value();
    reading.sum = Nanoseconds(static_cast<std::int64_t>(sum_ns_.value()));
    return reading;
}

std::uint64_t Histogram::Reading::count() const noexcept {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::optional<Histogram::Nanoseconds> Histogram::Reading::quantile(double share) const noexcept {
    const std::uint64_t all = count();
    if (all == 0) return std::nullopt;
    const double rank = share * static_cast<double>(all);
    double below = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        const auto here = static_cast<double>(counts[i]);
        if (here > 0 && below + here >= rank) {
            const auto from = i == 0 ? 0.0 : static_cast<double>(bounds[i - 1].count());
            const auto to = static_cast<double>(bounds[i].count());
            return Nanoseconds(
                static_cast<std::int64_t>(from + (to - from) * ((rank - below) / here)));
        }
        below += here;
    }
    return bounds.back();
}

Histogram::Reading& Histogram::Reading::operator+=(const Reading& other) noexcept {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
    return *this;
}

}  // namespace rtbridge
