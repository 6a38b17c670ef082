#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "measurement.h"
#include "mqtt_socket.h"

namespace rtbridge::load {

// A broker as a device and an MQTT subscriber see it: pipelined publishes from one to the other.
class BrokerPipe {
public:
    BrokerPipe(const sockaddr_in& broker, pid_t pid, std::string topic, Qos qos);

    // Publishes for `duration` as fast as the subscriber receives; ends when it has everything and,
    // with QoS 1, all is acknowledged. `browsers`, where given, receive the same messages and must
    // have them all in the end. Throws std::runtime_error when something is missing.
    [[nodiscard]] Measurement run(Seconds duration, SessionPool* browsers);

private:
    void wait_and_receive();

    pid_t pid_;
    std::string topic_;
    Qos qos_;
    MqttSocket publisher_, subscriber_;
};

}  // namespace rtbridge::load
