#pragma once

#include <algorithm>
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

}  // namespace rtbridge
