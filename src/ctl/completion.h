#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace rtbridge {

enum class Shell { Bash, Zsh, Fish };

// A script that completes the command line of `tool` in a shell: subcommands, options, words that
// an option or an argument may be, names of files. Made of the definitions alone.
// REQUIRES: names and words are of letters, digits, '-' and '_'.
[[nodiscard]] std::string completion_script(const CLI::App& tool, Shell shell);

// `rtbridgectl completion bash|zsh|fish`: prints that of rtbridgectl.
void add_completion(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
