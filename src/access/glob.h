#pragma once

#include <string_view>

namespace rtbridge {

// '*' stands for any text, '?' for one character (a code point of UTF-8); everything else for
// itself. O(pattern times text), no recursion. Thread: any, pure.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text) noexcept;
[[nodiscard]] bool is_glob(std::string_view pattern) noexcept;  // has '*' or '?'

}  // namespace rtbridge
