#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace rtbridge {

// The keys that differ and that a reload cannot change, as "listener.bind": the listening socket
// and the threads that serve it exist as long as the broker does, and a socket speaks TLS or does
// not (another certificate is no such change). Thread: any.
[[nodiscard]] std::vector<std::string> restart_required(const ListenerConfig& running,
                                                        const ListenerConfig& loaded);

}  // namespace rtbridge
