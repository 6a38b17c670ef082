#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace rtbridge {

// Where a TOML text opens more levels than any configuration needs: brackets in brackets, or parts
// of one dotted key. toml++ builds and frees nested tables recursively and puts no bound on dotted
// keys, so that a file of a megabyte of "a.a.a" would overrun the stack of the broker.
//
// Returns the byte offset of the level that is too much. Exact up to the first syntax error, and
// that is where the parser stops as well.
[[nodiscard]] std::optional<std::size_t> find_excessive_nesting(std::string_view text);

}  // namespace rtbridge
