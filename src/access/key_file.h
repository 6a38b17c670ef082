#pragma once

#include <optional>
#include <string>

#include "config/diagnostic.h"

namespace rtbridge {

enum class KeyFileKind {
    Public,
    Secret,  // one that others may read gets a warning
};

// The content of a key or certificate file that the configuration names under `key`. Nothing where
// it cannot be read, which is then an error at the place of the name. Thread: any.
[[nodiscard]] std::optional<std::string> read_key_file(const Placed<std::string>& file,
                                                       const std::string& key, KeyFileKind kind,
                                                       Diagnostics& diagnostics);

}  // namespace rtbridge
