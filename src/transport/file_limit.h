#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rtbridge {

// Descriptors are shared with the broker: its MQTT clients must never find none left because of
// browsers. Raises the process's soft limit as far as allowed (a million at most), then says how
// many connections the listener may hold.
struct FileLimit {
    std::uint64_t descriptors = 0;          // soft limit after raising
    std::uint32_t connections_allowed = 0;  // what remains after the reserve for MQTT
};

// Thread: broker, before the libwebsockets contexts exist (they size their tables by this limit).
// `files_each`: how many files a listener may have open to send them.
[[nodiscard]] FileLimit raise_file_limit(std::size_t listeners, std::size_t files_each);

// How many connections fit into `descriptors` with the reserve for the broker, and what the
// listeners need for themselves, kept. Pure.
[[nodiscard]] std::uint32_t connections_within(std::uint64_t descriptors, std::size_t listeners,
                                               std::size_t files_each);

// "room for 768 browsers ...": how many there may be and what bounds that. `wanted`:
// limits.connections.
[[nodiscard]] std::string capacity_text(const FileLimit& limit, std::uint32_t wanted);

}  // namespace rtbridge
