#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace rtbridge {

// Names of rules and roles: 1 to 64 of A-Z a-z 0-9 _ . -, so that they fit a topic level, a metric
// label and a log line without quoting.
inline bool is_name(std::string_view text) {
    const auto is_name_char = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    };
    return !text.empty() && text.size() <= 64 &&
           std::all_of(text.begin(), text.end(), is_name_char);
}

// Null, or why `text` cannot name an event of SSE and Socket.IO: line ends would end it there, and
// some names are the protocol's own here.
[[nodiscard]] inline const char* event_name_mistake(std::string_view text) {
    if (text.empty()) return "is empty; write a name like \"sensor:data\"";
    if (text.size() > 256) return "is longer than 256 bytes";
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    if (std::any_of(text.begin(), text.end(), is_control)) return "holds a control character";
    for (const std::string_view own : {"connect", "connect_error", "disconnect", "disconnecting",
                                       "newListener", "removeListener"}) {
        if (text == own) return "is an event of Socket.IO itself; choose another name";
    }
    return nullptr;
}

}  // namespace rtbridge
