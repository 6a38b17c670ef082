#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "config/config.h"

namespace rtbridge {

// TCP sockets (non-blocking, close-on-exec) that listen on the same port, over which the kernel
// spreads connections.
struct ListeningSockets {
    std::vector<FileDescriptor> fds;
    std::uint16_t port = 0;  // that they got
};

// `count` sockets, at least one; nobody else, not even another process of this user, listens on the
// port. Errors name the address and the system's reason. Thread: any.
[[nodiscard]] Result<ListeningSockets, std::string> listen_on(const BindAddress& address,
                                                              std::size_t count);

}  // namespace rtbridge
