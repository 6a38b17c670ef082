#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// What a client that only reads needs of MQTT 3.1.1: the packets that it sends, and those that it
// gets out of a stream of bytes. Section numbers are those of MQTT 3.1.1. Thread: any, pure.

namespace rtbridge {

enum class MqttPacketType : std::uint8_t {  // 2.2.1
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Subscribe = 8,
    Suback = 9,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
};

struct MqttLogin {
    std::string client_id;
    std::string user{};  // empty: neither user nor password
    std::string password{};
};

// CONNECT with a clean session. REQUIRES: no text is longer than 65,535 bytes.
[[nodiscard]] std::string connect_packet(const MqttLogin& login, std::uint16_t keepalive_s);
// SUBSCRIBE with QoS 0. REQUIRES: at least one filter, none longer than 65,535 bytes.
[[nodiscard]] std::string subscribe_packet(std::uint16_t packet_id,
                                           std::span<const std::string> filters);
// A packet of nothing but its header.
[[nodiscard]] std::string bare_packet(MqttPacketType type);

struct MqttPublish {
    std::string_view topic;
    std::string_view payload;
    bool retain = false;
};
// Nothing: it is malformed, or has a QoS that nobody asked for.
[[nodiscard]] std::optional<MqttPublish> parse_publish(std::uint8_t flags, std::string_view body);

// Cuts a stream of bytes into packets. One that is larger than a limit is left out as it comes, so
// no more than that is ever kept.
class MqttPacketReader {
public:
    struct Packet {
        MqttPacketType type{};
        std::uint8_t flags = 0;
        std::string_view body{};  // valid until the next call
        bool too_large = false;   // then `body` is empty
    };
    enum class Status : std::uint8_t { Packet, Incomplete, Malformed };

    explicit MqttPacketReader(std::size_t packet_bytes_max) : bytes_max_(packet_bytes_max) {}

    void append(std::string_view bytes);
    [[nodiscard]] Status next(Packet& packet);

private:
    struct Header {
        std::size_t bytes = 0;
        std::size_t body_bytes = 0;
    };
    // 0 bytes: incomplete. Nothing: malformed.
    [[nodiscard]] std::optional<Header> header() const;

    const std::size_t bytes_max_;
    std::string buffer_;
    std::size_t begin_ = 0;    // of what was not returned yet
    std::size_t to_skip_ = 0;  // bytes still to come of a packet that is left out
};

}  // namespace rtbridge
