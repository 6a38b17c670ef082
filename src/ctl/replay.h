#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <string>

#include "rules/rule_set.h"

namespace rtbridge {

struct ReplayOptions {
    enum class Show { Messages, Summary };
    enum class Form { Text, Json };
    Show show = Show::Messages;  // Summary: that alone
    Form form = Form::Text;      // Json: an object per line, the summary last
};

// `rtbridgectl replay FILE --config C`: what the rules make of recorded messages (the forms of
// read_recorded_message), one after the other, and of how many. A line that cannot be read is said
// on `err` with its number, counted and passed over. max_rate and deadband are not applied.
// Returns how many messages there were, without such lines.
std::uint64_t replay(const RuleSet& rules, std::istream& in, const ReplayOptions& options,
                     std::ostream& out, std::ostream& err);

// Adds the subcommand; when it is the one given, `exit_code` is set by the time parsing ends: 0 =
// replayed, 1 = the configuration has mistakes, or the file can't be read or holds no message.
void add_replay(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
