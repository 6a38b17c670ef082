#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frame_reader.h"
#include "mqtt_packet.h"

namespace rtbridge::load {

// What is spoken inside a WebSocket, by rtbridge and by what it is compared with.
enum class Wire : std::uint8_t {
    Plain,       // each text frame is one message
    RtbridgeV1,  // subprotocol rtbridge.v1, batch frames too
    SocketIo,    // Engine.IO 4 over WebSocket only, no polling
    Mqtt,        // subprotocol mqtt, version 3.1.1
};

[[nodiscard]] std::optional<Wire> parse_wire(std::string_view name);
// Empty where none is offered.
[[nodiscard]] std::string_view subprotocol_of(Wire wire);

// A frame as a browser sends it: masked, with zeros, so that the bytes stay as they are.
// REQUIRES: at most 65535 bytes of payload.
[[nodiscard]] std::string client_frame(Opcode opcode, std::string_view payload);

// What a conversation does to the world.
class WireSink {
public:
    WireSink() = default;
    WireSink(const WireSink&) = delete;
    WireSink& operator=(const WireSink&) = delete;
    virtual ~WireSink() = default;

    // Begins with the payload of one message; what follows it may be more.
    virtual void on_message(std::string_view payload) = 0;
    virtual void on_close() = 0;
    virtual void send(std::string_view bytes) = 0;
};

// The browser's side of one WebSocket after its handshake: says what it takes to get messages,
// answers pings, finds the messages in what arrives. Throws std::runtime_error when the server
// refuses or says what its protocol does not allow.
class WireConversation {
public:
    // `filter`: the topic filter to subscribe to, for wires that do.
    WireConversation(Wire wire, std::string filter);

    [[nodiscard]] Wire wire() const { return wire_; }
    void begin(WireSink& sink);
    // True once messages will come.
    [[nodiscard]] bool ready() const { return ready_; }

    // Pieces of any size.
    void read(std::string_view bytes, WireSink& sink);

private:
    void take_frame(Opcode opcode, std::string_view payload, WireSink& sink);
    void take_rtbridge_v1(std::string_view text, WireSink& sink);
    void take_reply(std::string_view text);
    void take_socket_io(std::string_view text, WireSink& sink);
    void take_mqtt(const MqttPacket& packet, WireSink& sink);

    Wire wire_;
    bool ready_;
    std::string filter_;
    FrameReader frames_;
    MqttPacketReader packets_;
};

}  // namespace rtbridge::load
