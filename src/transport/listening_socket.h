#pragma once

#include <cstdint>
#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "config/config.h"

namespace rtbridge {

// A bound, listening TCP socket (non-blocking, close-on-exec) and the port it got.
struct ListeningSocket {
    FileDescriptor fd;
    std::uint16_t port = 0;
};

// Errors name the address and the system's reason. Thread: any.
[[nodiscard]] Result<ListeningSocket, std::string> listen_on(const BindAddress& address);

}  // namespace rtbridge
