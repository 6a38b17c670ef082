#pragma once

#include <string>
#include <string_view>

namespace rtbridge {

// The file that `name` means in the configuration file `config_file`: absolute names as they are,
// others relative to its folder. Thread: any, pure.
[[nodiscard]] std::string beside_config(std::string_view config_file, std::string_view name);

}  // namespace rtbridge
