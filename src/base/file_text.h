#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace rtbridge {

struct FileText {
    std::string text;
    bool readable_by_others = false;  // by any user of the system
};

// A whole regular file. The error says what is wrong, without the path; it is `too_large` for a
// file beyond `bytes_max`. Thread: any; reads a file.
[[nodiscard]] Result<FileText, std::string> read_file_text(const std::string& path,
                                                           std::size_t bytes_max,
                                                           std::string_view too_large);

// From where it stands to its end, but no more than `bytes_max` + 1 bytes, which tells that there
// is more. False: errno says why. Thread: any; reads a file.
[[nodiscard]] bool read_to_end(const FileDescriptor& file, std::size_t bytes_max,
                               std::string& text);

// What errno says of an attempt to open a file, and whose right is missing where one is: a broker
// that root starts reads its files as user mosquitto. Thread: any.
[[nodiscard]] std::string why_not_opened();

}  // namespace rtbridge
