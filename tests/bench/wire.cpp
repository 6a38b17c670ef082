#include "wire.h"

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "battery_payload.h"

namespace rtbridge::load {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<std::string_view, Wire>, 4> wires{{
    {"plain", Wire::Plain},
    {"rtbridge.v1", Wire::RtbridgeV1},
    {"socket.io", Wire::SocketIo},
    {"mqtt", Wire::Mqtt},
}};

constexpr int subscribe_id = 2;

[[noreturn]] void refuse(std::string_view what, std::string_view text) {
    throw std::runtime_error(std::string(what) + ": " + std::string(text.substr(0, 300)));
}

}  // namespace

std::optional<Wire> parse_wire(std::string_view name) {
    for (const auto& [known, wire] : wires) {
        if (known == name) return wire;
    }
    return std::nullopt;
}

std::string_view subprotocol_of(Wire wire) {
    switch (wire) {
        case Wire::RtbridgeV1:
            return "rtbridge.v1";
        case Wire::Mqtt:
            return "mqtt";
        case Wire::Plain:
        case Wire::SocketIo:
            return {};
    }
    return {};
}

std::string client_frame(Opcode opcode, std::string_view payload) {
    constexpr unsigned final = 0x80, masked = 0x80;
    std::string bytes(1, static_cast<char>(final | static_cast<unsigned>(opcode)));
    if (payload.size() < 126) {
        bytes += static_cast<char>(masked | static_cast<unsigned>(payload.size()));
    } else {
        bytes += static_cast<char>(masked | 126U);
        bytes += static_cast<char>((payload.size() >> 8U) & 0xFFU);
        bytes += static_cast<char>(payload.size() & 0xFFU);
    }
    bytes.append(4, '\0');  // the mask
    bytes += payload;
    return bytes;
}

WireConversation::WireConversation(Wire wire, std::string filter)
    : wire_(wire), ready_(wire == Wire::Plain), filter_(std::move(filter)) {}

void WireConversation::begin(WireSink& sink) {
    if (wire_ == Wire::Mqtt) {
        sink.send(client_frame(Opcode::Binary, connect_packet({})));
    } else if (wire_ == Wire::RtbridgeV1) {
        const Json hello{{"id", 1}, {"op", "hello"}, {"features", {"batch"}}};
        const Json subscribe{
            {"id", subscribe_id}, {"op", "sub"}, {"topics", {filter_}}, {"mode", "all"}};
        sink.send(client_frame(Opcode::Text, hello.dump()) +
                  client_frame(Opcode::Text, subscribe.dump()));
    }
    // Engine.IO waits for the server's open packet.
}

void WireConversation::read(std::string_view bytes, WireSink& sink) {
    struct {
        WireConversation& conversation;
        WireSink& sink;
        void on_frame(Opcode opcode, std::string_view payload) const {
            conversation.take_frame(opcode, payload, sink);
        }
    } frames{*this, sink};
    frames_.read(bytes, frames);
}

void WireConversation::take_frame(Opcode opcode, std::string_view payload, WireSink& sink) {
    if (opcode == Opcode::Ping) return sink.send(client_frame(Opcode::Pong, payload));
    if (opcode == Opcode::Close) return sink.on_close();
    if ((opcode == Opcode::Binary) != (wire_ == Wire::Mqtt)) {
        throw std::runtime_error("the server sent a frame of the wrong kind");
    }
    switch (wire_) {
        case Wire::Plain:
            return sink.on_message(payload);
        case Wire::RtbridgeV1:
            return take_rtbridge_v1(payload, sink);
        case Wire::SocketIo:
            return take_socket_io(payload, sink);
        case Wire::Mqtt:
            return packets_.read(payload,
                                 [&](const MqttPacket& packet) { take_mqtt(packet, sink); });
    }
}

// {"s":1,"t":"battery/topic","o":90833,"ts":1790000000000,"d":{…}}, alone or in an array.
void WireConversation::take_rtbridge_v1(std::string_view text, WireSink& sink) {
    if (text.starts_with(R"({"p":)")) return sink.send(client_frame(Opcode::Text, R"({"q":0})"));
    if (!ready_) take_reply(text);
    // Not parsed: that would cost the load generator more than receiving does. No payload of ours
    // has a member of this name.
    constexpr std::string_view data = R"("d":)";
    for (std::size_t at = text.find(data); at != std::string_view::npos;
         at = text.find(data, at + data.size() + battery_payload_bytes)) {
        sink.on_message(text.substr(at + data.size()));
    }
}

void WireConversation::take_reply(std::string_view text) {
    const Json frame = Json::parse(text, nullptr, false);
    const auto take = [&](const Json& object) {
        if (!object.is_object() || object.contains("err") || object.contains("op")) {
            refuse("rtbridge.v1 refused", text);
        }
        if (object.value("re", 0) == subscribe_id) ready_ = object.contains("ok");
    };
    if (!frame.is_array()) return take(frame);
    for (const Json& object : frame) take(object);
}

void WireConversation::take_socket_io(std::string_view text, WireSink& sink) {
    if (text == "2") return sink.send(client_frame(Opcode::Text, "3"));
    if (text.starts_with("42[")) return sink.on_message(text);
    if (text.starts_with("0{")) return sink.send(client_frame(Opcode::Text, "40"));
    if (text.starts_with("40")) {
        ready_ = true;
        return;
    }
    refuse("not expected of Socket.IO", text);
}

void WireConversation::take_mqtt(const MqttPacket& packet, WireSink& sink) {
    require_success(packet);
    switch (packet.type()) {
        case PacketType::Publish:
            return sink.on_message(payload_of(packet));
        case PacketType::ConnAck:
            return sink.send(
                client_frame(Opcode::Binary, subscribe_packet(filter_, Qos::AtMostOnce)));
        case PacketType::SubAck:
            ready_ = true;
            return;
        default:
            throw std::runtime_error("an MQTT packet that was not asked for");
    }
}

}  // namespace rtbridge::load
