#include "transport/file_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace rtbridge {
namespace {

// Beyond 10 million libwebsockets falls back to tables of 2560 entries; a million is plenty.
constexpr rlim_t soft_limit_max = 1'048'576;

}  // namespace

std::uint32_t connections_within(std::uint64_t descriptors) {
    // A quarter for MQTT clients and files, but never less than 128.
    const std::uint64_t reserve = std::max<std::uint64_t>(128, descriptors / 4);
    const std::uint64_t allowed = descriptors > reserve ? descriptors - reserve : 1;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(allowed, std::numeric_limits<std::uint32_t>::max()));
}

FileLimit raise_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {1024, connections_within(1024)};
    const rlim_t wanted = std::min(limit.rlim_max, soft_limit_max);
    if (limit.rlim_cur != wanted) {
        rlimit changed = limit;
        changed.rlim_cur = wanted;
        if (setrlimit(RLIMIT_NOFILE, &changed) == 0) limit = changed;
    }
    return {limit.rlim_cur, connections_within(limit.rlim_cur)};
}

}  // namespace rtbridge
