#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt_packet.h"
#include "tcp.h"

namespace rtbridge::load {

// As much of an MQTT 3.1.1 client as a measurement needs: no keep-alive, no thread, no queue.
// All functions throw std::runtime_error when the broker refuses or hangs up.
class MqttSocket {
public:
    // Connects with a clean session and waits for CONNACK.
    MqttSocket(const sockaddr_in& broker, std::string_view client_id);

    // Waits for SUBACK.
    void subscribe(std::string_view topic_filter, Qos qos);

    // Adds one PUBLISH to `packets`; its payload are the last bytes.
    void append_publish(std::string& packets, std::string_view topic, std::string_view payload,
                        Qos qos);
    void send(std::string_view packets) { send_all(connection_.number(), packets); }

    // Reads what has arrived without waiting; acknowledges what came with QoS 1.
    void receive();

    [[nodiscard]] std::uint64_t received() const { return received_; }          // PUBLISH
    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }  // PUBACK
    [[nodiscard]] int descriptor() const { return connection_.number(); }

private:
    void await(PacketType type);
    // What lies in the first `bytes` of `input_`.
    void take_input(std::size_t bytes);

    Descriptor connection_;
    std::vector<char> input_;
    MqttPacketReader reader_;
    std::string acknowledgements_;
    std::uint64_t received_ = 0, acknowledged_ = 0;
    PacketType last_type_{};  // of the packet taken last
    std::uint16_t next_packet_id_ = 1;
};

}  // namespace rtbridge::load
