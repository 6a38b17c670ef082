#pragma once

#include <string>
#include <vector>

#include "config/diagnostic.h"

namespace rtbridge {

// The files that `include` patterns stand for: relative to the folder of `including_file`, pattern
// by pattern, in name order (bytes, whatever the locale) within each. A file that several patterns
// match comes once, and the including file itself never. A pattern without wildcards has to match,
// one with wildcards may match nothing. At most 1000 files. Thread: any; reads folders.
[[nodiscard]] std::vector<std::string> find_include_files(
    const std::vector<Placed<std::string>>& patterns, const std::string& including_file,
    Diagnostics& diagnostics);

}  // namespace rtbridge
