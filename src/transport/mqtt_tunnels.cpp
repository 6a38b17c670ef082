#include "transport/mqtt_tunnels.h"

#include <utility>

#include "transport/mqtt_tunnel.h"

namespace rtbridge {

void MqttTunnels::check(SteadyTime now) {
    wheel_.advance(now, [now](TimerWheel::Entry& entry) {
        assert_on_listener_thread();
        static_cast<MqttTunnel&>(entry).check(now);
    });
    std::erase_if(finishing_, [now](const Finishing& finishing) {
        return finishing.link->closed() || now >= finishing.until;
    });
    log_.sweep(now);
}

void MqttTunnels::close_all(CloseCode code, std::string_view reason) {
    for (MqttTunnel* tunnel : tunnels_) tunnel->close(code, reason);
}

// Not destroyed before the next check(): it may be the link that calls.
void MqttTunnels::finish(std::unique_ptr<BrokerLink> link, SharedConnections::TunnelSockets sockets,
                         SteadyTime until) {
    if (stopped_) return;
    link->finish();
    if (link->closed()) sockets = {};
    finishing_.push_back({std::move(link), std::move(sockets), until});
}

void MqttTunnels::stop() {
    stopped_ = true;
    finishing_.clear();
}

}  // namespace rtbridge
