#include "latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rtbridge::load {

std::size_t LatencyHistogram::bucket_of(std::uint64_t ns) {
    if (ns < (1U << sub_bucket_bits)) return ns;
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - sub_bucket_bits - 1;
    const std::uint64_t top_bits = (ns >> shift) - (1U << sub_bucket_bits);
    return ((shift + 1ULL) << sub_bucket_bits) + top_bits;
}

std::uint64_t LatencyHistogram::upper_edge(std::size_t bucket) {
    if (bucket < (1U << sub_bucket_bits)) return bucket;
    const std::size_t shift = (bucket >> sub_bucket_bits) - 1;
    const std::uint64_t top_bits = bucket & ((1U << sub_bucket_bits) - 1);
    return ((top_bits + (1U << sub_bucket_bits) + 1) << shift) - 1;
}

void LatencyHistogram::add(std::int64_t ns) {
    ns = std::max<std::int64_t>(ns, 0);
    ++counts_[bucket_of(static_cast<std::uint64_t>(ns))];
    ++count_;
    max_ns_ = std::max(max_ns_, ns);
}

void LatencyHistogram::clear() {
    *this = LatencyHistogram();
}

std::int64_t LatencyHistogram::percentile_ns(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
        seen += counts_[bucket];
        if (seen >= wanted && seen > 0) {
            return std::min(static_cast<std::int64_t>(upper_edge(bucket)), max_ns_);
        }
    }
    return max_ns_;
}

}  // namespace rtbridge::load
