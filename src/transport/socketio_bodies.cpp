#include "transport/socketio_bodies.h"

#include "base/iso_time.h"
#include "base/json_text.h"
#include "rules/json_value.h"

namespace rtbridge {
namespace {

// A JSON object that is written member by member.
class ObjectText {
public:
    ObjectText& text(std::string_view name, std::string_view value) {
        append_json_string(begin(name), value);
        return *this;
    }
    // Of what nobody is called: null.
    ObjectText& text_or_null(std::string_view name, std::string_view value) {
        return value.empty() ? json(name, "null") : text(name, value);
    }
    ObjectText& json(std::string_view name, std::string_view value) {
        begin(name) += value;
        return *this;
    }
    ObjectText& number(std::string_view name, std::uint64_t value) {
        return json(name, std::to_string(value));
    }
    ObjectText& time(std::string_view name, std::int64_t unix_ms) {
        std::string& out = begin(name);
        out += '"';
        append_iso_time(out, unix_ms);
        out += '"';
        return *this;
    }
    [[nodiscard]] std::string take() { return std::move(out_ += '}'); }

private:
    std::string& begin(std::string_view name) {
        out_ += out_.empty() ? '{' : ',';
        append_json_string(out_, name);
        return out_ += ':';
    }
    std::string out_;
};

std::string_view role_of(const Identity& identity) {
    return identity.roles.empty() ? std::string_view() : identity.roles.front();
}

// The member's JSON; empty: there is none.
std::string member_json(WorkingPayload& object, std::string_view name) {
    std::string json;
    const auto value = object.find(JsonPath(name));
    if (value && !value->element.is_null()) append_value_json(json, *value);
    return json;
}

}  // namespace

std::string connected_body(std::string_view socket_id, const Identity& identity) {
    const std::string user = identity.user.empty() ? "null"
                                                   : ObjectText()
                                                         .text("id", identity.user)
                                                         .text("username", identity.user)
                                                         .text_or_null("role", role_of(identity))
                                                         .take();
    return ObjectText()
        .text("message", "Connected")
        .text("socketId", socket_id)
        .json("user", user)
        .take();
}

std::string message_body(std::string_view message) {
    return ObjectText().text("message", message).take();
}

std::string device_body(std::string_view key, std::string_view message) {
    return ObjectText().text("deviceId", key).text("message", message).take();
}

std::string subscribed_all_body(std::size_t devices) {
    return ObjectText()
        .text("message", "Subscribed to all devices")
        .number("totalDevices", devices)
        .take();
}

std::string latest_body(std::string_view key, WorkingPayload* update) {
    ObjectText body;
    body.text("deviceId", key);
    if (update == nullptr) {
        return body.json("data", "null")
            .text("message", "No data of " + std::string(key) + " yet")
            .take();
    }
    std::string device;
    const auto id = update->find(JsonPath("deviceId"));
    const bool of_this = id && append_value_text(device, *id) && device == key;
    if (of_this && update->find(JsonPath("data"))) return std::string(update->text());
    return body.json("data", update->text()).take();
}

std::string status_body(const SocketIoStatus& status) {
    std::string users = "[";
    for (const auto& [record, details] : status.listed) {
        const Identity& identity = *details.identity;
        if (identity.user.empty()) continue;
        if (users.size() > 1) users += ',';
        users += ObjectText()
                     .text("username", identity.user)
                     .text_or_null("role", role_of(identity))
                     .time("connectedAt", record->connected_at_unix_ms)
                     .take();
    }
    return ObjectText()
        .number("connectedClients", status.sessions)
        .number("deviceSubscriptions", status.subscribed_keys)
        .json("userActivity", users + ']')
        .take();
}

std::string notification_body(WorkingPayload& argument, const Identity& from,
                              std::int64_t unix_ms) {
    const std::string message = member_json(argument, "message");
    if (message.empty()) return {};
    const std::string type = member_json(argument, "type");
    return ObjectText()
        .json("message", message)
        .json("type", type.empty() ? "\"info\"" : type)
        .time("timestamp", unix_ms)
        .text_or_null("from", from.user)
        .take();
}

std::string presence_body(std::string_view user, std::int64_t unix_ms) {
    return ObjectText()
        .text("userId", user)
        .text("username", user)
        .time("timestamp", unix_ms)
        .take();
}

std::string error_body(std::string_view code, std::string_view message) {
    return ObjectText().text("message", message).text("code", code).take();
}

std::string error_acknowledgement(std::string_view code, std::string_view message) {
    return ObjectText()
        .json("error", ObjectText().text("code", code).text("message", message).take())
        .take();
}

}  // namespace rtbridge
