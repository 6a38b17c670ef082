#include "retained/mqtt_packets.h"

#include <algorithm>

namespace rtbridge {
namespace {

constexpr std::size_t length_bytes_max = 4;  // 2.2.3

char byte(std::size_t value) {
    return static_cast<char>(static_cast<unsigned char>(value & 0xff));
}

void append_number(std::string& out, std::uint16_t number) {
    out.push_back(byte(number >> 8U));
    out.push_back(byte(number));
}

void append_text(std::string& out, std::string_view text) {
    append_number(out, static_cast<std::uint16_t>(text.size()));
    out.append(text);
}

std::string packet(MqttPacketType type, std::uint8_t flags, std::string_view body) {
    std::string out(1, byte((static_cast<std::size_t>(type) << 4U) | flags));
    std::size_t rest = body.size();
    do {
        const bool more = rest >= 128;
        out.push_back(byte((rest % 128) | (more ? 0x80U : 0U)));
        rest /= 128;
    } while (rest > 0);
    return out.append(body);
}

std::uint16_t number_at(std::string_view bytes) {
    return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[0]) << 8U) |
                                      static_cast<unsigned char>(bytes[1]));
}

}  // namespace

std::string connect_packet(const MqttLogin& login, std::uint16_t keepalive_s) {
    const bool named = !login.user.empty();
    std::string body;
    append_text(body, "MQTT");
    body.push_back(4);                          // 3.1.2.2: protocol level of 3.1.1
    body.push_back(byte(named ? 0xc2 : 0x02));  // 3.1.2.3: clean session; user name, password
    append_number(body, keepalive_s);
    append_text(body, login.client_id);
    if (named) {
        append_text(body, login.user);
        append_text(body, login.password);
    }
    return packet(MqttPacketType::Connect, 0, body);
}

std::string subscribe_packet(std::uint16_t packet_id, std::span<const std::string> filters) {
    std::string body;
    append_number(body, packet_id);
    for (const std::string& filter : filters) {
        append_text(body, filter);
        body.push_back(0);  // QoS
    }
    return packet(MqttPacketType::Subscribe, 2, body);  // 3.8.1: these flags
}

std::string bare_packet(MqttPacketType type) {
    return packet(type, 0, {});
}

std::optional<MqttPublish> parse_publish(std::uint8_t flags, std::string_view body) {
    if ((flags & 0x06U) != 0 || body.size() < 2) return std::nullopt;
    const std::size_t topic_bytes = number_at(body);
    if (topic_bytes == 0 || body.size() < 2 + topic_bytes) return std::nullopt;
    return MqttPublish{body.substr(2, topic_bytes), body.substr(2 + topic_bytes),
                       (flags & 0x01U) != 0};
}

void MqttPacketReader::append(std::string_view bytes) {
    const std::size_t skipped = std::min(to_skip_, bytes.size());
    to_skip_ -= skipped;
    buffer_.erase(0, begin_);
    begin_ = 0;
    buffer_.append(bytes.substr(skipped));
}

std::optional<MqttPacketReader::Header> MqttPacketReader::header() const {
    const std::string_view bytes = std::string_view(buffer_).substr(begin_);
    std::size_t body_bytes = 0;
    for (std::size_t i = 0; i < length_bytes_max; ++i) {
        if (bytes.size() < i + 2) return Header{};
        const auto next = static_cast<unsigned char>(bytes[i + 1]);
        body_bytes |= static_cast<std::size_t>(next & 0x7fU) << (7 * i);
        if ((next & 0x80U) == 0) return Header{i + 2, body_bytes};
    }
    return std::nullopt;
}

MqttPacketReader::Status MqttPacketReader::next(Packet& packet) {
    if (to_skip_ > 0) return Status::Incomplete;
    const std::optional<Header> found = header();
    if (!found) return Status::Malformed;
    if (found->bytes == 0) return Status::Incomplete;

    const auto first = static_cast<unsigned char>(buffer_[begin_]);
    packet = {.type = static_cast<MqttPacketType>(first >> 4U),
              .flags = static_cast<std::uint8_t>(first & 0x0fU)};
    const std::size_t here = buffer_.size() - begin_ - found->bytes;
    if (found->body_bytes > bytes_max_) {
        const std::size_t skipped = std::min(here, found->body_bytes);
        to_skip_ = found->body_bytes - skipped;
        begin_ += found->bytes + skipped;
        packet.too_large = true;
        return Status::Packet;
    }
    if (here < found->body_bytes) return Status::Incomplete;
    packet.body = std::string_view(buffer_).substr(begin_ + found->bytes, found->body_bytes);
    begin_ += found->bytes + found->body_bytes;
    return Status::Packet;
}

}  // namespace rtbridge
