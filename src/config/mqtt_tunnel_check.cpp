#include "config/mqtt_tunnel_check.h"

#include <string>

#include "config/bind_address.h"

namespace rtbridge {
namespace {

// As whom the broker sees browsers.
std::string_view source_of(const BindAddress& to) {
    return to.host.find(':') == std::string::npos ? "127.0.0.1" : "::1";
}

}  // namespace

void check_mqtt_tunnel(const Config& config, Diagnostics& diagnostics) {
    if (!config.mqtt_tunnel) return;
    const auto& [to, place] = *config.mqtt_tunnel;
    if (leads_to(to, config.listener.bind)) {
        diagnostics.error(place,
                          "to is where browsers connect (listener.bind); name the MQTT listener of "
                          "the broker");
        return;
    }
    if (!to.loopback()) {
        diagnostics.warning(place,
                            "to is not this machine: passwords and messages of MQTT over WebSocket "
                            "cross the network in clear, and [auth] and [acl] of this file do not "
                            "bind a broker that runs elsewhere");
        return;
    }
    if (config.auth && !config.auth->mqtt && !config.acl) {
        diagnostics.warning(place,
                            "whoever [auth] lets in may send and receive through the tunnel what "
                            "the broker lets a client of this machine; set mqtt = true in [auth], "
                            "or add [acl]");
    }
    if (!config.acl) return;
    for (const AclRuleConfig& rule : config.acl->rules) {
        if (rule.effect != AclEffect::Allow || !rule.address ||
            !rule.address->contains(source_of(to))) {
            continue;
        }
        diagnostics.warning(rule.place,
                            "address takes in the browsers of [mqtt_tunnel] as well: for the "
                            "broker they are at " +
                                std::string(source_of(to)));
    }
}

}  // namespace rtbridge
