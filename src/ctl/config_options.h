#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace rtbridge {

// One option of a configuration with the value that it has in effect, given or by default.
struct ConfigOption {
    std::string name;   // as in the file: "limits.queue.soft", "browser.max_rate"
    std::string value;  // as one would write it in TOML; empty: absent, and there is no default
    friend bool operator==(const ConfigOption&, const ConfigOption&) = default;
};

// A configuration as options, so that texts with equal effect are equal: what `diff` compares.
// Thread: any, pure.

// Of everything but rules and [acl]: the sections in the order of conf/rtbridge.toml.
[[nodiscard]] std::vector<ConfigOption> options_of(const Config& config);
// Of a rule, without its name.
[[nodiscard]] std::vector<ConfigOption> options_of(const RuleConfig& rule);

}  // namespace rtbridge
