#pragma once

#include <cstdint>

namespace rtbridge {

// Descriptors are shared with the broker: its MQTT clients must never find none left because of
// browsers. Raises the process's soft limit as far as allowed (a million at most), then says how
// many connections the listener may hold.
struct FileLimit {
    std::uint64_t descriptors = 0;          // soft limit after raising
    std::uint32_t connections_allowed = 0;  // what remains after the reserve for MQTT
};

// Thread: broker, before the libwebsockets context exists (it sizes its tables by this limit).
[[nodiscard]] FileLimit raise_file_limit();

// How many connections fit into `descriptors` with the reserve for the broker kept. Pure.
[[nodiscard]] std::uint32_t connections_within(std::uint64_t descriptors);

}  // namespace rtbridge
