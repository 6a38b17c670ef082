#pragma once

#include <string>
#include <string_view>

#include "config/in_quotes.h"

namespace rtbridge {

// Whether `text` is a path into a payload: names separated by single dots. Thread: any.
[[nodiscard]] inline bool is_path(std::string_view text) {
    return ("." + std::string(text) + ".").find("..") == std::string::npos;
}

[[nodiscard]] inline std::string not_a_path(std::string_view what, std::string_view text) {
    return std::string(what) + " = " + in_quotes(text) +
           " is not a path; write a field like \"batteryPower\" or \"battery.power\"";
}

}  // namespace rtbridge
