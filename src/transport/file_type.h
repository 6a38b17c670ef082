#pragma once

#include <string_view>

namespace rtbridge {

// The Content-Type of a file by the end of its name; "application/octet-stream" where that tells
// nothing, because browsers don't guess (nosniff). Thread: any, pure.
[[nodiscard]] std::string_view content_type_of_file(std::string_view name);

}  // namespace rtbridge
