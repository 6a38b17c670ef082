#pragma once

#include <CLI/CLI.hpp>

namespace rtbridge {

// `rtbridgectl token mint` and `rtbridgectl token inspect`. When one is given, `exit_code` is set
// by the time parsing ends: 0 for a token that was made, or is valid, else 1.
void add_token(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
