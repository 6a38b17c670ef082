#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/json_document.h"
#include "transport/socketio_packet.h"

namespace rtbridge {
namespace {

void check(bool invariant) {
    if (!invariant) __builtin_trap();
}

std::string data_of(const SocketIoPacket& packet) {
    std::string arguments;
    for (const std::string_view argument : packet.arguments) {
        if (!arguments.empty()) arguments += ',';
        arguments += argument;
    }
    if (packet.is_event()) return socketio_event_data(packet.event, arguments);
    return packet.ack_id ? "[" + arguments + "]" : std::string(packet.auth);
}

}  // namespace
}  // namespace rtbridge

// A packet of a client: a mistake, or within all bounds; its arguments are JSON; and what is
// written of it is read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rtbridge;
    static JsonDocument document;
    static JsonDocument again;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto read = read_socketio_packet(text, document);
    if (!read.ok()) return 0;
    const SocketIoPacket& packet = read.value();
    check(packet.name_space.starts_with('/'));
    check(packet.name_space.size() <= socketio_namespace_bytes_max);
    check(packet.binary() ? packet.attachments >= 1 : packet.attachments == 0);
    check(packet.attachments <= socketio_attachments_max);
    check(!packet.ack_id || *packet.ack_id <= socketio_ack_id_max);
    for (const std::string_view argument : packet.arguments) {
        check(again.parse(argument) == nullptr);
    }
    const std::string written = socketio_packet(packet.type, packet.name_space, packet.ack_id,
                                                data_of(packet), packet.attachments);
    const auto second = read_socketio_packet(written, again);
    check(second.ok());
    check(second.value().arguments == packet.arguments);
    check(second.value().event == packet.event);
    return 0;
}
