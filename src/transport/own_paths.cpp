#include "transport/own_paths.h"

#include <algorithm>

namespace rtbridge {

std::vector<std::string_view> own_paths(std::string_view socketio_path) {
    std::string_view without_slash = socketio_path;
    if (without_slash.ends_with('/')) without_slash.remove_suffix(1);
    return {"/ws",          "/events", "/healthz", "/readyz",     "/websocket/status", "/metrics",
            "/rtbridge.js", "/api",    "/api/",    without_slash, socketio_path};
}

bool is_own_path(std::string_view path, std::string_view socketio_path) {
    const std::vector<std::string_view> own = own_paths(socketio_path);
    return std::any_of(own.begin(), own.end(), [path, socketio_path](std::string_view each) {
        const bool all_below = each.ends_with('/') && each != socketio_path;
        return all_below ? path.starts_with(each) : path == each;
    });
}

}  // namespace rtbridge
