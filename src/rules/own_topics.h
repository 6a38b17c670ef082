#pragma once

#include <array>
#include <string_view>

// Where the plugin itself publishes. The broker shows it nothing of that again, so no rule applies
// to it. Thread: any.

namespace rtbridge {

inline constexpr std::string_view quarantine_prefix = "rtbridge/quarantine/";
inline constexpr std::string_view device_topic_prefix = "rtbridge/device/";

// All of them; a rule for what is below one would never match.
inline constexpr std::array<std::string_view, 2> own_topic_prefixes = {quarantine_prefix,
                                                                       device_topic_prefix};

}  // namespace rtbridge
