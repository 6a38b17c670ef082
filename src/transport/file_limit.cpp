#include "transport/file_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace rtbridge {
namespace {

// Beyond 10 million libwebsockets falls back to tables of 2560 entries; a million is plenty.
constexpr rlim_t soft_limit_max = 1'048'576;
// Its sockets, epoll sets, event descriptors and the spare one of its Acceptor.
constexpr std::uint64_t descriptors_per_listener = 16;

}  // namespace

std::uint32_t connections_within(std::uint64_t descriptors, std::size_t listeners,
                                 std::size_t files_each) {
    // A quarter for MQTT clients and files, but never less than 128.
    const std::uint64_t reserve = std::max<std::uint64_t>(128, descriptors / 4) +
                                  (listeners - 1) * descriptors_per_listener +
                                  listeners * files_each;
    const std::uint64_t allowed = descriptors > reserve ? descriptors - reserve : 1;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(allowed, std::numeric_limits<std::uint32_t>::max()));
}

FileLimit raise_file_limit(std::size_t listeners, std::size_t files_each) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return {1024, connections_within(1024, listeners, files_each)};
    const rlim_t wanted = std::min(limit.rlim_max, soft_limit_max);
    if (limit.rlim_cur != wanted) {
        rlimit changed = limit;
        changed.rlim_cur = wanted;
        if (setrlimit(RLIMIT_NOFILE, &changed) == 0) limit = changed;
    }
    return {limit.rlim_cur, connections_within(limit.rlim_cur, listeners, files_each)};
}

std::string capacity_text(const FileLimit& limit, std::uint32_t wanted) {
    const std::string files =
        "the process may open " + std::to_string(limit.descriptors) + " files, " +
        std::to_string(limit.descriptors - limit.connections_allowed) + " kept for MQTT clients";
    if (wanted <= limit.connections_allowed) {
        return "room for " + std::to_string(wanted) + " browsers: limits.connections; " + files;
    }
    return "room for " + std::to_string(limit.connections_allowed) +
           " browsers: limits.connections lowered from " + std::to_string(wanted) + ", because " +
           files;
}

}  // namespace rtbridge
