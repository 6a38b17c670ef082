#pragma once

#include <unistd.h>

#include <string>
#include <string_view>

#include "battery_payload.h"
#include "message_source.h"
#include "mqtt_socket.h"

namespace rtbridge::load {

// A device: publishes with QoS 0, any number of messages in one system call.
class MqttSource final : public MessageSource {
public:
    MqttSource(const sockaddr_in& broker, std::string topic, const std::string& name = "device")
        : socket_(broker, "rtbridge-load-" + name + '-' + std::to_string(getpid())),
          topic_(std::move(topic)) {}

    void publish(std::uint32_t count) override { publish(count, battery_payload(monotonic_ns())); }

    void publish(std::uint32_t count, std::string_view payload) {
        packets_.clear();
        for (std::uint32_t i = 0; i < count; ++i) {
            socket_.append_publish(packets_, topic_, payload, Qos::AtMostOnce);
        }
        socket_.send(packets_);
    }

private:
    MqttSocket socket_;
    std::string topic_, packets_;
};

}  // namespace rtbridge::load
