#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rtbridge {

class EngineIoServer;

// Where an Engine.IO server is served.
struct EngineIoMount {
    std::string path;  // as in the request: "/socket.io/"
    std::shared_ptr<EngineIoServer> server;
};

// Null: none is there.
[[nodiscard]] inline EngineIoServer* find_engine(const std::vector<EngineIoMount>& mounts,
                                                 std::string_view path) {
    for (const EngineIoMount& mount : mounts) {
        if (mount.path == path) return mount.server.get();
    }
    return nullptr;
}

}  // namespace rtbridge
