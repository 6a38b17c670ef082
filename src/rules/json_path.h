#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rtbridge {

// Names a value inside a payload. "a.b" is the top-level member called "a.b" where there is one,
// else member "b" of the top-level member "a".
struct JsonPath {
    explicit JsonPath(std::string_view path);

    std::string text;
    std::vector<std::string> levels;
};

}  // namespace rtbridge
