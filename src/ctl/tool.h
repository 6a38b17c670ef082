#pragma once

#include <CLI/CLI.hpp>

namespace rtbridge {

// The whole command line of rtbridgectl. Where a subcommand is given, `exit_code` is set by the
// time parsing ends. An option that takes the name of a file has the type name FILE, an argument is
// called so, or OLD or NEW; what takes one of some words has the type name "{one,other}". That is
// what completion goes by.
void add_subcommands(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
