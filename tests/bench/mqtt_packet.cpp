#include "mqtt_packet.h"

namespace rtbridge::load {
namespace {

void append_u16(std::string& bytes, std::size_t value) {
    bytes += static_cast<char>((value >> 8U) & 0xFFU);
    bytes += static_cast<char>(value & 0xFFU);
}

void append_text(std::string& bytes, std::string_view text) {
    append_u16(bytes, text.size());
    bytes += text;
}

void append_length(std::string& bytes, std::size_t length) {
    do {
        const std::size_t seven_bits = length & 0x7FU;
        length >>= 7U;
        bytes += static_cast<char>(seven_bits | (length > 0 ? 0x80U : 0U));
    } while (length > 0);
}

std::string packet(PacketType type, std::uint8_t flags, std::string_view body) {
    std::string bytes(1, static_cast<char>(static_cast<std::uint8_t>(type) | flags));
    append_length(bytes, body.size());
    bytes += body;
    return bytes;
}

// Where what follows the topic of a PUBLISH begins.
std::size_t topic_end(std::string_view body) {
    const auto byte = [&](std::size_t at) {
        return static_cast<std::size_t>(static_cast<std::uint8_t>(body[at]));
    };
    if (body.size() < 2 || body.size() < 2 + (byte(0) << 8U | byte(1))) {
        throw std::runtime_error("malformed PUBLISH");
    }
    return 2 + (byte(0) << 8U | byte(1));
}

}  // namespace

std::string connect_packet(std::string_view client_id) {
    constexpr char protocol_level = 4, clean_session = 2;
    std::string body;
    append_text(body, "MQTT");
    body += protocol_level;
    body += clean_session;
    append_u16(body, 0);
    append_text(body, client_id);
    return packet(PacketType::Connect, 0, body);
}

std::string subscribe_packet(std::string_view topic_filter, Qos qos) {
    std::string body;
    append_u16(body, 1);
    append_text(body, topic_filter);
    body += static_cast<char>(qos);
    constexpr std::uint8_t flags = 2;  // MQTT 3.1.1, 3.8.1
    return packet(PacketType::Subscribe, flags, body);
}

void append_publish_packet(std::string& packets, std::string_view topic, std::string_view payload,
                           Qos qos, std::uint16_t packet_id) {
    const std::size_t id_bytes = qos == Qos::AtMostOnce ? 0 : 2;
    packets += static_cast<char>(static_cast<unsigned>(PacketType::Publish) |
                                 static_cast<unsigned>(qos) << 1U);
    append_length(packets, 2 + topic.size() + id_bytes + payload.size());
    append_text(packets, topic);
    if (id_bytes > 0) append_u16(packets, packet_id);
    packets += payload;
}

void append_acknowledgement(std::string& packets, const MqttPacket& publish) {
    const std::size_t id_at = topic_end(publish.body);
    if (publish.body.size() < id_at + 2) throw std::runtime_error("malformed PUBLISH");
    packets += packet(PacketType::PubAck, 0, publish.body.substr(id_at, 2));
}

std::string_view payload_of(const MqttPacket& publish) {
    return publish.body.substr(topic_end(publish.body));
}

void require_success(const MqttPacket& answer) {
    const std::string_view body = answer.body;
    if (answer.type() == PacketType::ConnAck && (body.size() != 2 || body[1] != 0)) {
        throw std::runtime_error("the broker refused the MQTT connection");
    }
    if (answer.type() == PacketType::SubAck && (body.size() != 3 || (body[2] & 0x80) != 0)) {
        throw std::runtime_error("the broker refused the MQTT subscription");
    }
}

bool take_packet(std::string_view& bytes, MqttPacket& packet) {
    if (bytes.size() < 2) return false;
    std::size_t length = 0, at = 1;
    bool complete = false;
    for (unsigned shift = 0; at < bytes.size() && at <= 4 && !complete; shift += 7, ++at) {
        const auto byte = static_cast<std::uint8_t>(bytes[at]);
        length |= static_cast<std::size_t>(byte & 0x7FU) << shift;
        complete = (byte & 0x80U) == 0;
    }
    if (!complete && at > 4) throw std::runtime_error("an MQTT packet with a malformed length");
    if (!complete || bytes.size() < at + length) return false;
    packet.first = static_cast<std::uint8_t>(bytes.front());
    packet.body = bytes.substr(at, length);
    bytes.remove_prefix(at + length);
    return true;
}

}  // namespace rtbridge::load
