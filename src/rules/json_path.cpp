#include "rules/json_path.h"

namespace rtbridge {

JsonPath::JsonPath(std::string_view path) : text(path) {
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
        levels.emplace_back(path.substr(0, dot));
        path.remove_prefix(dot + 1);
    }
    levels.emplace_back(path);
}

}  // namespace rtbridge
