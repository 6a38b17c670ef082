#pragma once

#include <string>
#include <utility>
#include <vector>

namespace rtbridge {

// What one matching rule did to a publish, step by step; filled by RuleSet::apply for
// `rtbridgectl explain` and never in the broker.
struct RuleTrace {
    struct Step {
        std::string name;    // "battery", "set", "on_invalid", "mqtt", "key", "browser", "body",
                             // "sse", "socketio"
        std::string result;  // e.g. state=Charging, site="north", or why it failed
        bool ok = true;
    };
    std::string rule;
    std::string filter;  // the one of the rule's topics that matched, as written
    std::vector<std::pair<std::string, std::string>> captures;
    std::vector<Step> steps;
};

}  // namespace rtbridge
