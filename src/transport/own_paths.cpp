#include "transport/own_paths.h"

#include <algorithm>
#include <array>

namespace rtbridge {
namespace {

constexpr std::array<std::string_view, 9> paths = {
    "/ws",      "/events",      "/socket.io", "/healthz",          "/readyz",
    "/metrics", "/rtbridge.js", "/api",       "/websocket/status",
};
constexpr std::array<std::string_view, 2> folders = {"/api/", "/socket.io/"};

}  // namespace

bool is_own_path(std::string_view path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end() ||
           std::any_of(folders.begin(), folders.end(),
                       [path](std::string_view folder) { return path.starts_with(folder); });
}

}  // namespace rtbridge
