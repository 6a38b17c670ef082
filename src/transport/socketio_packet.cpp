#include "transport/socketio_packet.h"

#include <algorithm>
#include <array>

#include "base/json_text.h"
#include "base/trimmed.h"
#include "rules/json_document.h"

namespace rtbridge {
namespace {

using Element = JsonDocument::Element;
using Mistake = const char*;  // null: none

// What the client's and the server's own emitters use (protocols 3.2).
constexpr std::array<std::string_view, 6> reserved_events = {
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
    const auto* const end = std::find_if_not(text.begin(), text.end(), is_digit);
    const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
}

// Nothing: larger than `max`.
std::optional<std::uint64_t> number_of(std::string_view digits, std::uint64_t max) {
    std::uint64_t number = 0;
    for (const char c : digits) {
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
        if (number > max) return std::nullopt;
    }
    return number;
}

// The values of an array as they stand in it. REQUIRES: `array` is one valid JSON array.
std::vector<std::string_view> elements_of(std::string_view array) {
    array = trimmed(array, json_blanks);
    array = array.substr(1, array.size() - 2);
    std::vector<std::string_view> elements;
    if (trimmed(array, json_blanks).empty()) return elements;
    std::size_t begin = 0;
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < array.size(); ++i) {
        const char c = array[i];
        if (in_string) {
            if (c == '\\') ++i;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            ++depth;
        } else if (c == ']' || c == '}') {
            --depth;
        } else if (c == ',' && depth == 0) {
            elements.push_back(trimmed(array.substr(begin, i - begin), json_blanks));
            begin = i + 1;
        }
    }
    elements.push_back(trimmed(array.substr(begin), json_blanks));
    return elements;
}

// Wherever an attachment is named, it has to be one of those that follow. As deep as the parser
// lets a document be.
bool placeholders_fit(Element element, std::uint32_t attachments) {
    if (element.is_array()) {
        for (const Element inner : simdjson::dom::array(element)) {
            if (!placeholders_fit(inner, attachments)) return false;
        }
        return true;
    }
    if (!element.is_object()) return true;
    const JsonDocument::Object object(element);
    const auto mark = last_member(object, "_placeholder");
    if (mark && mark->is_bool() && bool(*mark)) {
        const auto number = last_member(object, "num");
        std::uint64_t index = 0;
        if (!number || number->get(index) != simdjson::SUCCESS || index >= attachments) {
            return false;
        }
    }
    for (const simdjson::dom::key_value_pair member : object) {
        if (!placeholders_fit(member.value, attachments)) return false;
    }
    return true;
}

// The name in front of the arguments of an EVENT.
Mistake read_event(SocketIoPacket& packet, Element data) {
    if (packet.arguments.empty()) return "an event without a name";
    const Element name = *simdjson::dom::array(data).begin();
    if (name.is_string()) {
        packet.event = std::string_view(name);
        if (std::find(reserved_events.begin(), reserved_events.end(), packet.event) !=
            reserved_events.end()) {
            return "a reserved event name";
        }
    } else if (name.is_number()) {
        packet.event = packet.arguments.front();
    } else {
        return "the name of an event is neither text nor a number";
    }
    packet.arguments.erase(packet.arguments.begin());
    return nullptr;
}

Mistake read_arguments(SocketIoPacket& packet, std::string_view json, JsonDocument& document) {
    if (const Mistake mistake = document.parse(json)) return mistake;
    const Element data = document.root();
    if (!data.is_array()) return "the payload is no array";
    if (packet.binary() && !placeholders_fit(data, packet.attachments)) {
        return "a placeholder names no attachment";
    }
    packet.arguments = elements_of(json);
    return packet.is_event() ? read_event(packet, data) : nullptr;
}

Mistake read_auth(SocketIoPacket& packet, std::string_view json, JsonDocument& document) {
    if (json.empty()) return nullptr;
    if (const Mistake mistake = document.parse(json)) return mistake;
    if (!document.root().is_object()) return "the payload of CONNECT is no object";
    packet.auth = trimmed(json, json_blanks);
    return nullptr;
}

Mistake read_attachments(SocketIoPacket& packet, std::string_view& rest) {
    const std::string_view digits = take_digits(rest);
    if (digits.empty() || digits.front() == '0' || !rest.starts_with('-')) {
        return "the number of attachments is missing";
    }
    const auto number = number_of(digits, socketio_attachments_max);
    if (!number) return "too many attachments";
    packet.attachments = static_cast<std::uint32_t>(*number);
    rest.remove_prefix(1);
    return nullptr;
}

Mistake read_namespace(SocketIoPacket& packet, std::string_view& rest) {
    if (!rest.starts_with('/')) return nullptr;
    const std::size_t comma = std::min(rest.find(','), rest.size());
    packet.name_space = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    return packet.name_space.size() > socketio_namespace_bytes_max ? "too long a namespace"
                                                                   : nullptr;
}

Mistake read_ack_id(SocketIoPacket& packet, std::string_view& rest) {
    const std::string_view digits = take_digits(rest);
    if (digits.empty()) return nullptr;
    packet.ack_id = number_of(digits, socketio_ack_id_max);
    return packet.ack_id ? nullptr : "too large an ack id";
}

Mistake read_into(SocketIoPacket& packet, std::string_view text, JsonDocument& document) {
    if (text.empty() || text.front() < '0' || text.front() > '6') return "an unknown packet type";
    packet.type = static_cast<SocketIoType>(text.front());
    std::string_view rest = text.substr(1);
    if (packet.binary()) {
        if (const Mistake mistake = read_attachments(packet, rest)) return mistake;
    }
    if (const Mistake mistake = read_namespace(packet, rest)) return mistake;
    if (const Mistake mistake = read_ack_id(packet, rest)) return mistake;

    const bool may_have_id = packet.is_event();
    const bool needs_id =
        packet.type == SocketIoType::Ack || packet.type == SocketIoType::BinaryAck;
    if (needs_id && !packet.ack_id) return "an acknowledgement without id";
    if (!needs_id && !may_have_id && packet.ack_id) return "an id where none belongs";

    switch (packet.type) {
        case SocketIoType::Connect:
            return read_auth(packet, rest, document);
        case SocketIoType::Disconnect:
            return rest.empty() ? nullptr : "DISCONNECT with a payload";
        case SocketIoType::ConnectError:
            return "CONNECT_ERROR is not for clients";
        default:
            return read_arguments(packet, rest, document);
    }
}

}  // namespace

Result<SocketIoPacket, const char*> read_socketio_packet(std::string_view text,
                                                         JsonDocument& document) {
    SocketIoPacket packet;
    if (const Mistake mistake = read_into(packet, text, document)) return Failure{mistake};
    return packet;
}

std::string socketio_packet(SocketIoType type, std::string_view name_space,
                            std::optional<std::uint64_t> ack_id, std::string_view data,
                            std::size_t attachments) {
    std::string packet(1, static_cast<char>(type));
    packet.reserve(data.size() + name_space.size() + 32);
    if (attachments > 0) packet += std::to_string(attachments) + '-';
    if (name_space != socketio_root) {
        packet += name_space;
        packet += ',';
    }
    if (ack_id) packet += std::to_string(*ack_id);
    packet += data;
    return packet;
}

std::string socketio_event_data(std::string_view event, std::string_view arguments) {
    std::string data = "[";
    append_json_string(data, event);
    if (!arguments.empty()) {
        data += ',';
        data += arguments;
    }
    data += ']';
    return data;
}

}  // namespace rtbridge
