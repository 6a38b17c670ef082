#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rtbridge::load {

enum class Qos : std::uint8_t { AtMostOnce = 0, AtLeastOnce = 1 };

// The first byte of a packet without its flags (MQTT 3.1.1, 2.2.1).
enum class PacketType : std::uint8_t {
    Connect = 0x10,
    ConnAck = 0x20,
    Publish = 0x30,
    PubAck = 0x40,
    Subscribe = 0x80,
    SubAck = 0x90,
};

struct MqttPacket {
    std::uint8_t first = 0;
    std::string_view body;  // of the bytes that it was read from

    [[nodiscard]] PacketType type() const { return static_cast<PacketType>(first & 0xF0U); }
    [[nodiscard]] bool wants_acknowledgement() const { return (first & 0x06U) != 0; }
};

// With a clean session and no keep-alive.
[[nodiscard]] std::string connect_packet(std::string_view client_id);
[[nodiscard]] std::string subscribe_packet(std::string_view topic_filter, Qos qos);
// The last bytes are the payload. `packet_id` counts with QoS 1 only.
void append_publish_packet(std::string& packets, std::string_view topic, std::string_view payload,
                           Qos qos, std::uint16_t packet_id);
// Answers a PUBLISH with QoS 1. Throws std::runtime_error if it is malformed.
void append_acknowledgement(std::string& packets, const MqttPacket& publish);
// The payload of a PUBLISH with QoS 0.
[[nodiscard]] std::string_view payload_of(const MqttPacket& publish);
// Throws std::runtime_error for a CONNACK or SUBACK that refuses.
void require_success(const MqttPacket& answer);

// Takes the first packet out of `bytes`; false while it is not complete.
[[nodiscard]] bool take_packet(std::string_view& bytes, MqttPacket& packet);

// Reads a stream of MQTT packets in pieces of any size; only packets that are cut are copied.
class MqttPacketReader {
public:
    // `take(const MqttPacket&)` is called for each complete packet; its body ends with the call.
    template <typename Take>
    void read(std::string_view bytes, Take&& take) {
        if (!rest_.empty()) {
            rest_ += bytes;
            bytes = rest_;
        }
        MqttPacket packet;
        while (take_packet(bytes, packet)) take(packet);
        rest_ = std::string(bytes);
    }

private:
    std::string rest_;  // begins with the first packet not yet complete
};

}  // namespace rtbridge::load
