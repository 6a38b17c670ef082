#include "mqtt_socket.h"

#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

namespace rtbridge::load {
namespace {

constexpr std::size_t receive_bytes = 64UL * 1024;

}  // namespace

MqttSocket::MqttSocket(const sockaddr_in& broker, std::string_view client_id)
    : connection_(connect_to(broker)), input_(receive_bytes) {
    send(connect_packet(client_id));
    await(PacketType::ConnAck);
}

void MqttSocket::subscribe(std::string_view topic_filter, Qos qos) {
    send(subscribe_packet(topic_filter, qos));
    await(PacketType::SubAck);
}

void MqttSocket::append_publish(std::string& packets, std::string_view topic,
                                std::string_view payload, Qos qos) {
    append_publish_packet(packets, topic, payload, qos, next_packet_id_);
    if (qos != Qos::AtMostOnce && ++next_packet_id_ == 0) next_packet_id_ = 1;
}

void MqttSocket::await(PacketType type) {
    while (last_type_ != type) {
        const ssize_t got = recv(connection_.number(), input_.data(), input_.size(), 0);
        if (got <= 0) throw std::runtime_error("the broker does not answer MQTT");
        take_input(static_cast<std::size_t>(got));
    }
}

void MqttSocket::receive() {
    const ssize_t got = recv(connection_.number(), input_.data(), input_.size(), MSG_DONTWAIT);
    if (got == 0) throw std::runtime_error("the broker hung up");
    if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        throw_errno("recv from the broker");
    }
    take_input(static_cast<std::size_t>(got));
}

void MqttSocket::take_input(std::size_t bytes) {
    reader_.read(std::string_view(input_.data(), bytes), [this](const MqttPacket& packet) {
        last_type_ = packet.type();
        require_success(packet);
        if (last_type_ == PacketType::PubAck) ++acknowledged_;
        if (last_type_ != PacketType::Publish) return;
        ++received_;
        if (packet.wants_acknowledgement()) append_acknowledgement(acknowledgements_, packet);
    });
    if (acknowledgements_.empty()) return;
    send(acknowledgements_);
    acknowledgements_.clear();
}

}  // namespace rtbridge::load
