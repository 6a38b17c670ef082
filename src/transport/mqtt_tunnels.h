#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/log_limiter.h"
#include "base/thread_role.h"
#include "handoff/shared_connections.h"
#include "listener/close_code.h"
#include "listener/timer_wheel.h"
#include "transport/broker_link.h"

struct uv_loop_s;

namespace rtbridge {

class MqttTunnel;

// The MQTT tunnels of a listener, their deadlines, and the connections to the broker that outlive
// their browsers for as long as it takes to send the last bytes.
//
// Thread: listener.
class MqttTunnels {
public:
    MqttTunnels(uv_loop_s* loop, const Clock& clock, LogSink& log)
        : loop_(loop), wheel_(clock.now()), log_(log) {}

    void add(MqttTunnel& tunnel) ON_LISTENER_THREAD { tunnels_.insert(&tunnel); }
    void remove(MqttTunnel& tunnel) ON_LISTENER_THREAD { tunnels_.erase(&tunnel); }
    [[nodiscard]] std::size_t size() const { return tunnels_.size(); }

    // MqttTunnel::check() is called at `due`, or up to a tick later.
    void schedule(TimerWheel::Entry& tunnel, SteadyTime due) ON_LISTENER_THREAD {
        wheel_.schedule(tunnel, due);
    }
    void check(SteadyTime now) ON_LISTENER_THREAD;  // several times a second
    void close_all(CloseCode code, std::string_view reason) ON_LISTENER_THREAD;

    // Finishes it, and cuts it where that is not done at `until`. So long it has its sockets.
    void finish(std::unique_ptr<BrokerLink> link, SharedConnections::TunnelSockets sockets,
                SteadyTime until) ON_LISTENER_THREAD;
    // Ends all connections to the broker, at once; what is to be finished from now on is cut.
    void stop() ON_LISTENER_THREAD;

    [[nodiscard]] uv_loop_s* loop() const { return loop_; }
    [[nodiscard]] LogLimiter& log() { return log_; }

private:
    struct Finishing {
        std::unique_ptr<BrokerLink> link;
        SharedConnections::TunnelSockets sockets;
        SteadyTime until;
    };

    uv_loop_s* loop_;
    TimerWheel wheel_;
    LogLimiter log_;  // a line for each tunnel
    std::unordered_set<MqttTunnel*> tunnels_;
    std::vector<Finishing> finishing_;
    bool stopped_ = false;
};

}  // namespace rtbridge
