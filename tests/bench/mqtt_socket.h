#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tcp.h"

namespace rtbridge::load {

enum class Qos : std::uint8_t { AtMostOnce = 0, AtLeastOnce = 1 };

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
    void await(std::uint8_t packet_type);
    // Consumes the complete packets at the beginning of `input_`.
    void take_packets();
    void take_packet(std::uint8_t first, std::string_view body);

    Descriptor connection_;
    std::string input_;  // begins with the first packet not yet complete
    std::string acknowledgements_;
    std::uint64_t received_ = 0, acknowledged_ = 0;
    std::uint8_t last_type_ = 0;  // of the packet taken last, high nibble
    std::uint16_t next_packet_id_ = 1;
};

}  // namespace rtbridge::load
