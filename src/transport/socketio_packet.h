#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Packets of Socket.IO 5, as they stand in Engine.IO messages:
//
//     <type>[<attachments>-][<namespace>,][<ack id>][JSON]
//
// JSON is validated and then kept as it came: nothing is written anew.
//
// Thread: any; pure.

namespace rtbridge {

class JsonDocument;

enum class SocketIoType : char {
    Connect = '0',
    Disconnect = '1',
    Event = '2',
    Ack = '3',
    ConnectError = '4',
    BinaryEvent = '5',
    BinaryAck = '6',
};

inline constexpr std::uint32_t socketio_attachments_max = 10;      // of one packet
inline constexpr std::size_t socketio_namespace_bytes_max = 256;   // longer ones are a mistake
inline constexpr std::uint64_t socketio_ack_id_max = 1ULL << 53U;  // what JavaScript counts to
inline constexpr std::string_view socketio_root = "/";

// A packet of a client, without the attachments that follow it. Views of the text it was read from,
// but `event`, which may belong to the document.
struct SocketIoPacket {
    SocketIoType type = SocketIoType::Connect;
    std::uint32_t attachments = 0;
    std::string_view name_space = socketio_root;
    std::optional<std::uint64_t> ack_id{};
    // Of CONNECT: a JSON object, or empty.
    std::string_view auth{};
    // Of EVENT: a string without its quotes and escapes, or a number. Valid until `document` is
    // used again.
    std::string_view event{};
    // Of EVENT, behind its name, and of ACK: one JSON value each.
    std::vector<std::string_view> arguments{};

    [[nodiscard]] bool binary() const {
        return type == SocketIoType::BinaryEvent || type == SocketIoType::BinaryAck;
    }
    [[nodiscard]] bool is_event() const {
        return type == SocketIoType::Event || type == SocketIoType::BinaryEvent;
    }
};

// Strict: what a client may not send is a mistake, said in a literal.
[[nodiscard]] Result<SocketIoPacket, const char*> read_socketio_packet(std::string_view text,
                                                                       JsonDocument& document);

// What a server writes. `data`: JSON or empty.
[[nodiscard]] std::string socketio_packet(SocketIoType type, std::string_view name_space,
                                          std::optional<std::uint64_t> ack_id,
                                          std::string_view data, std::size_t attachments = 0);
// ["event",arguments]; `arguments` may be empty.
[[nodiscard]] std::string socketio_event_data(std::string_view event, std::string_view arguments);

}  // namespace rtbridge
