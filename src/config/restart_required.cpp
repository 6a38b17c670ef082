#include "config/restart_required.h"

namespace rtbridge {

std::vector<std::string> restart_required(const ListenerConfig& running,
                                          const ListenerConfig& loaded) {
    std::vector<std::string> keys;
    if (running.bind != loaded.bind) keys.emplace_back("listener.bind");
    if (running.threads != loaded.threads) keys.emplace_back("listener.threads");
    if (running.tls.enabled() != loaded.tls.enabled()) keys.emplace_back("listener.tls");
    if (running.www.value != loaded.www.value) keys.emplace_back("listener.www");
    return keys;
}

}  // namespace rtbridge
