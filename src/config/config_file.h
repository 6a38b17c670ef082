#pragma once

#include <optional>
#include <string>

#include "config/diagnostic.h"

namespace rtbridge {

// The text of a configuration file: a regular file of at most 1 MiB. Never waits, so that a fifo
// named by mistake cannot stall a reload. Nothing otherwise, with the reason in `diagnostics`.
// Thread: any; reads a file.
[[nodiscard]] std::optional<std::string> read_config_file(const std::string& path,
                                                          Diagnostics& diagnostics);

}  // namespace rtbridge
