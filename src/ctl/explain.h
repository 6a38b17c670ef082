#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <string>

#include "rules/rule_set.h"

namespace rtbridge {

// `rtbridgectl explain FILE TOPIC [PAYLOAD]`: what the plugin would make of a publish, step by
// step, by the code that runs in the broker. REQUIRES: `publish.topic` has no wildcards.
void explain(const RuleSet& rules, const Publish& publish, std::ostream& out);

// What that costs per publish, measured for 50 ms.
void explain_cost(const RuleSet& rules, const Publish& publish, std::ostream& out);

// Adds the subcommand; when it is the one given, `exit_code` is 0 where the publish could be
// explained (also when no rule matches), 1 where the file has mistakes or the topic is none.
void add_explain(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
