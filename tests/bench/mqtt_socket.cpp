#include "mqtt_socket.h"

#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <vector>

namespace rtbridge::load {
namespace {

// MQTT 3.1.1, 2.2.1
enum PacketType : std::uint8_t {
    Connect = 0x10,
    ConnAck = 0x20,
    Publish = 0x30,
    PubAck = 0x40,
    Subscribe = 0x82,
    SubAck = 0x90,
};
constexpr std::size_t receive_bytes = 64UL * 1024;

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

std::string packet(std::uint8_t first, std::string_view body) {
    std::string bytes(1, static_cast<char>(first));
    append_length(bytes, body.size());
    bytes += body;
    return bytes;
}

}  // namespace

MqttSocket::MqttSocket(const sockaddr_in& broker, std::string_view client_id)
    : connection_(connect_to(broker)) {
    constexpr char protocol_level = 4, clean_session = 2;
    std::string body;
    append_text(body, "MQTT");
    body += protocol_level;
    body += clean_session;
    append_u16(body, 0);  // no keep-alive
    append_text(body, client_id);
    send(packet(Connect, body));
    await(ConnAck);
}

void MqttSocket::subscribe(std::string_view topic_filter, Qos qos) {
    std::string body;
    append_u16(body, 1);
    append_text(body, topic_filter);
    body += static_cast<char>(qos);
    send(packet(Subscribe, body));
    await(SubAck);
}

void MqttSocket::append_publish(std::string& packets, std::string_view topic,
                                std::string_view payload, Qos qos) {
    const std::size_t id_bytes = qos == Qos::AtMostOnce ? 0 : 2;
    packets += static_cast<char>(Publish | (qos == Qos::AtMostOnce ? 0 : 2));
    append_length(packets, 2 + topic.size() + id_bytes + payload.size());
    append_text(packets, topic);
    if (id_bytes > 0) {
        append_u16(packets, next_packet_id_);
        if (++next_packet_id_ == 0) next_packet_id_ = 1;
    }
    packets += payload;
}

void MqttSocket::await(std::uint8_t packet_type) {
    while (last_type_ != packet_type) {
        std::vector<char> part(4096);
        const ssize_t got = recv(connection_.number(), part.data(), part.size(), 0);
        if (got <= 0) throw std::runtime_error("the broker does not answer MQTT");
        input_.append(part.data(), static_cast<std::size_t>(got));
        take_packets();
    }
}

void MqttSocket::receive() {
    const std::size_t kept = input_.size();
    input_.resize(kept + receive_bytes);
    const ssize_t got =
        recv(connection_.number(), input_.data() + kept, receive_bytes, MSG_DONTWAIT);
    input_.resize(kept + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0) throw std::runtime_error("the broker hung up");
    if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        throw_errno("recv from the broker");
    }
    take_packets();
    if (acknowledgements_.empty()) return;
    send(acknowledgements_);
    acknowledgements_.clear();
}

void MqttSocket::take_packets() {
    std::string_view rest = input_;
    while (rest.size() >= 2) {
        std::size_t length = 0, at = 1;
        bool complete = false;
        for (unsigned shift = 0; at < rest.size() && at <= 4 && !complete; shift += 7, ++at) {
            const auto byte = static_cast<std::uint8_t>(rest[at]);
            length |= static_cast<std::size_t>(byte & 0x7FU) << shift;
            complete = (byte & 0x80U) == 0;
        }
        if (!complete || rest.size() < at + length) break;
        take_packet(static_cast<std::uint8_t>(rest.front()), rest.substr(at, length));
        rest.remove_prefix(at + length);
    }
    input_.erase(0, input_.size() - rest.size());
}

void MqttSocket::take_packet(std::uint8_t first, std::string_view body) {
    last_type_ = first & 0xF0U;
    if (last_type_ == ConnAck && (body.size() != 2 || body[1] != 0)) {
        throw std::runtime_error("the broker refused the MQTT connection");
    }
    if (last_type_ == PubAck) ++acknowledged_;
    if (last_type_ != Publish) return;
    ++received_;
    if ((first & 0x06U) == 0) return;
    if (body.size() < 2) throw std::runtime_error("malformed PUBLISH");
    const std::size_t id_at = 2 +
                              (static_cast<std::size_t>(static_cast<std::uint8_t>(body[0])) << 8U) +
                              static_cast<std::uint8_t>(body[1]);
    acknowledgements_ += static_cast<char>(PubAck);
    acknowledgements_ += '\2';
    acknowledgements_ += body.substr(id_at, 2);
}

}  // namespace rtbridge::load
