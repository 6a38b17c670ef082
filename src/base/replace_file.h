#pragma once

#include <string>
#include <string_view>

namespace rtbridge {

// Makes `text` the content of the file at `path`: as a whole or, where the result says why, not at
// all. A file that exists keeps its mode and owner, a new one is its owner's alone (0600).
// Empty result: done. Thread: any; writes and syncs a file.
[[nodiscard]] std::string replace_file(const std::string& path, std::string_view text);

}  // namespace rtbridge
