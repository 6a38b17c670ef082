#pragma once

#include <iosfwd>
#include <string>

#include <CLI/CLI.hpp>

namespace rtbridge {

enum class Warnings { Pass, Fail };

// `rtbridgectl check FILE [--strict]`: the very loading that the plugin does at start and reload.
// Mistakes go to `err`, with their source lines; a line with the result to `out`.
// Returns the exit code: 0 where the plugin would take the file (and, with Warnings::Fail, has
// nothing to remark), else 1.
[[nodiscard]] int check(const std::string& file, Warnings warnings, std::ostream& out,
                        std::ostream& err);

// Adds the subcommand; when it is the one given, `exit_code` is set by the time parsing ends.
void add_check(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
