#pragma once

#include <string_view>
#include <vector>

namespace rtbridge {

// The paths at which rtbridge itself answers, or may one day, whatever the configuration adds:
// neither a file of the operator nor a route can take their place. One that ends in '/' stands for
// all that begins with it. The built-in page is none of them. Thread: any, pure.
[[nodiscard]] std::vector<std::string_view> own_paths(std::string_view socketio_path);

// Whether no file can take its place. Below Socket.IO's there may be some: pages expect its client
// at /socket.io/socket.io.js.
[[nodiscard]] bool is_own_path(std::string_view path, std::string_view socketio_path);

}  // namespace rtbridge
