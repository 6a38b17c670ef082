#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rtbridge::load {

// CLOCK_MONOTONIC, the same in every process of the machine.
[[nodiscard]] std::int64_t monotonic_ns();

inline constexpr std::size_t battery_payload_bytes = 100;

// What a device publishes, with its send time inside: always `battery_payload_bytes` long, and the
// time always at the same place, so that reading it back costs next to nothing.
[[nodiscard]] std::string battery_payload(std::int64_t sent_ns);
// The same after enrichment, as a browser receives it.
[[nodiscard]] std::string enriched_payload(std::int64_t sent_ns);

// Puts another time into a buffer that holds battery_payload() or enriched_payload() at `payload`.
void stamp(char* payload, std::int64_t sent_ns);

// Nothing if `payload` carries no time of ours.
[[nodiscard]] std::optional<std::int64_t> sent_ns_of(std::string_view payload);

}  // namespace rtbridge::load
