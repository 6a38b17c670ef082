#pragma once

#include <cstddef>
#include <string_view>

// Names of topics that something is published to. The broker checks those of its clients, not those
// of a plugin, so what passes here is what it would take from a client.

namespace rtbridge {

// Mosquitto's own limit, beyond which walking a topic could overrun its stack (CVE-2019-11779).
inline constexpr std::size_t topic_slashes_max = 200;

// Null, or why `text` may stand nowhere in a topic to publish to, as what follows "the topic".
[[nodiscard]] const char* topic_text_mistake(std::string_view text);
// The same for a whole topic.
[[nodiscard]] const char* topic_name_mistake(std::string_view topic);

}  // namespace rtbridge
