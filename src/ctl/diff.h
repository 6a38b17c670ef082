#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>

#include "configuration.h"

namespace rtbridge {

// `rtbridgectl diff OLD NEW`: what a change of the configuration changes in effect, not in text:
// rules by their names, their order where it matters, options with what a reload does not apply,
// and access as `acl diff` has it. The content of keys, certificates and password files is not
// looked at. True: the same.
[[nodiscard]] bool diff(const Configuration& before, const Configuration& after, std::ostream& out);

// Adds the subcommand; when it is the one given, `exit_code` is set by the time parsing ends, as of
// diff(1): 0 = the same, 1 = a difference, 2 = trouble.
void add_diff(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
