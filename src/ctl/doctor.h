#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace rtbridge {

// `rtbridgectl doctor --ready URL`, the health check of the container image: asks a running broker
// whether it is ready, with one GET and two seconds' patience, and prints one line, the reason
// where it is not. `url` is http[s]://host[:port][/path]; the path is /readyz where it is absent.
// `ca_file` (PEM) is whom to trust with https; empty: whom this system trusts.
// The exit code: 0 = ready, 1 = not ready, not reachable, or not a URL.
[[nodiscard]] int doctor_ready(std::string_view url, std::ostream& out,
                               const std::string& ca_file = {});

// Adds the subcommand; when it is the one given, `exit_code` is set by the time parsing ends.
void add_doctor(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
