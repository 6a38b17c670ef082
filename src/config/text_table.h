#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "config/diagnostic.h"

namespace rtbridge {

inline constexpr std::size_t text_table_bytes_max = 16 * MiB;

// Adds the lines of a CSV file (RFC 4180) of two columns: a text, and what stands for it. A text
// that is in `table` already, of the file or of before, is a mistake, and so is any other number of
// columns. `place`: what names the file, where the file itself cannot be read.
//
// Thread: any; reads a file.
void read_text_table(const std::string& path, const SourcePlace& place,
                     std::vector<std::pair<std::string, std::string>>& table,
                     Diagnostics& diagnostics);

}  // namespace rtbridge
