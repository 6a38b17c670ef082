#include "config/exposure.h"

namespace rtbridge {

void check_clear_text(const Config& config, Diagnostics& diagnostics) {
    const ListenerConfig& listener = config.listener;
    const bool in_clear =
        !listener.bind.loopback() && !listener.tls.enabled() && listener.trusted_proxies.empty();
    const bool has_secrets =
        config.auth && (!config.auth->passwords_file.value.empty() || !config.auth->jwt.empty());
    if (!in_clear || !has_secrets) return;
    diagnostics.warning(listener.bind_place,
                        "passwords and tokens of browsers cross the network in clear; set "
                        "listener.tls, or name the proxy that speaks TLS in "
                        "listener.trusted_proxies");
}

}  // namespace rtbridge
