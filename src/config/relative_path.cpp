#include "config/relative_path.h"

namespace rtbridge {

std::string beside_config(std::string_view config_file, std::string_view name) {
    if (name.starts_with('/')) return std::string(name);
    const std::size_t slash = config_file.rfind('/');
    const std::string_view folder =
        slash == std::string_view::npos ? std::string_view() : config_file.substr(0, slash + 1);
    return std::string(folder).append(name);
}

}  // namespace rtbridge
