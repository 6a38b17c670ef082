#pragma once

#include <string_view>

namespace rtbridge {

// Whether rtbridge itself answers at this path, or may one day: neither a file of the operator nor a
// route can take its place. The built-in page is none of them. Thread: any, pure.
[[nodiscard]] bool is_own_path(std::string_view path);

}  // namespace rtbridge
