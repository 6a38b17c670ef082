#pragma once

#include <iosfwd>
#include <string>

namespace rtbridge {

// `rtbridgectl doctor --conf FILE`: examines a mosquitto.conf, what it loads, and the configuration
// of rtbridge that follows from it; a line for each finding, with what to do. `program` is asked
// for the version of the broker. The exit code: 0 = no error (there may be warnings), 1 = an error.
[[nodiscard]] int doctor_conf(const std::string& conf_path, const std::string& program,
                              std::ostream& out);

// What `program -h` prints, up to 16 KiB; empty where it can't be run.
[[nodiscard]] std::string help_of_program(const std::string& program);

}  // namespace rtbridge
