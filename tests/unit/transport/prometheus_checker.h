#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rtbridge {

// What a reading of the text format of Prometheus (version 0.0.4) gave. It is read more strictly
// than Prometheus does: a family has HELP and TYPE, in that order and once, its samples follow it,
// and the names keep to the conventions.
struct CheckedMetrics {
    std::vector<std::string> mistakes;            // with their lines
    std::map<std::string, std::string> families;  // name -> type
    std::map<std::string, double> samples;        // as written, with its labels
};
[[nodiscard]] CheckedMetrics check_metrics(std::string_view text);

}  // namespace rtbridge
