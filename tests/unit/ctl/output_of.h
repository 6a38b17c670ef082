#pragma once

#include <string>

namespace rtbridge {

// What a shell command prints, with its errors; "(exit N)" stands behind it where N is not 0.
[[nodiscard]] std::string output_of(const std::string& command);
[[nodiscard]] bool has_program(const std::string& name);

}  // namespace rtbridge
