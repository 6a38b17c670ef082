// [[socketio.welcome]], [[socketio.on]] and what else clients of Socket.IO are told.

#include <array>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "config/in_quotes.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/suggestion.h"
#include "config/template_reader.h"

namespace rtbridge {
namespace {

constexpr std::array<std::pair<std::string_view, SocketIoDo>, 7> actions = {{
    {"subscribe", SocketIoDo::Subscribe},
    {"unsubscribe", SocketIoDo::Unsubscribe},
    {"subscribe_all", SocketIoDo::SubscribeAll},
    {"latest", SocketIoDo::Latest},
    {"status", SocketIoDo::Status},
    {"notify", SocketIoDo::Notify},
    {"publish", SocketIoDo::Publish},
}};

bool needs_key(SocketIoDo action) {
    return action == SocketIoDo::Subscribe || action == SocketIoDo::Unsubscribe ||
           action == SocketIoDo::Latest;
}

// Of any key that names an event. What is wrong is reported; absent: the target stays.
bool read_event(TableReader& table, std::string_view key, Placed<std::string>& target) {
    Placed<std::string> event;
    if (!table.read(key, event)) return false;
    if (const char* const mistake = event_name_mistake(event.value)) {
        table.diagnostics().error(
            std::move(event.place),
            std::string(key) + " = " + in_quotes(event.value) + " " + mistake);
        return false;
    }
    target = std::move(event);
    return true;
}

void report_missing(TableReader& table, std::string_view key, std::string_view example) {
    if (table.take(key)) return;  // is there and wrong, which has been reported
    table.diagnostics().error(table.place(), table.title() + " has no " + std::string(key) +
                                                 "; add one like " + std::string(example));
}

// { event = "...", body = ... }
std::optional<SocketIoReplyConfig> read_message(TableReader& table, std::string_view example) {
    Placed<std::string> event;
    const bool named = read_event(table, "event", event);
    if (!named) report_missing(table, "event", example);
    SocketIoReplyConfig message{std::move(event.value), take_template(table, "body")};
    table.report_unknown_keys();
    if (!named) return std::nullopt;
    return message;
}

std::optional<SocketIoReplyConfig> take_message(TableReader& parent, std::string_view key,
                                                std::string_view event_example) {
    const toml::table* const table = parent.take_table(
        key, "{ " + std::string(event_example) + ", body = { message = \"...\" } }");
    if (table == nullptr) return std::nullopt;
    TableReader reader(parent.document(), *table, parent.title() + " " + std::string(key),
                       parent.diagnostics());
    return read_message(reader, event_example);
}

// True: it was there and is known.
bool read_action(TableReader& table, SocketIoOnConfig& on) {
    Placed<std::string> text;
    if (!table.read("do", text)) {
        report_missing(table, "do", "do = \"subscribe\"");
        return false;
    }
    std::vector<std::string_view> known;
    for (const auto& [name, action] : actions) {
        if (name == text.value) {
            on.action = action;
            return true;
        }
        known.push_back(name);
    }
    std::string message = "do = " + in_quotes(text.value) + " is not known; ";
    if (const auto meant = suggestion(text.value, known)) {
        message.append("did you mean \"").append(*meant).append("\"?");
    } else {
        message += "write one of";
        for (const std::string_view name : known) message.append(" ").append(name);
    }
    table.diagnostics().error(std::move(text.place), std::move(message));
    return false;
}

void read_key(TableReader& table, SocketIoOnConfig& on) {
    const std::optional<TomlEntry> entry = table.take("key");
    if (!entry) {
        if (needs_key(on.action)) report_missing(table, "key", "key = \"{arg}\"");
        return;
    }
    if (!needs_key(on.action) && on.action != SocketIoDo::Notify) {
        table.error(*entry->key,
                    "key goes with subscribe, unsubscribe, latest and notify; remove it");
        return;
    }
    Placed<std::string> key;
    if (!table.read("key", key)) return;
    if (key.value.empty()) {
        table.error(*entry->node, "key is empty; write one like \"{arg}\"");
        return;
    }
    on.key = std::move(key);
}

void read_topic(TableReader& table, SocketIoOnConfig& on) {
    if (on.action != SocketIoDo::Publish && on.action != SocketIoDo::Latest) {
        table.refuse({"topic"}, "goes with do = \"publish\" and \"latest\" only");
        return;
    }
    Placed<std::string> topic;
    if (table.read("topic", topic)) {
        on.topic = std::move(topic);
    } else if (on.action == SocketIoDo::Publish) {
        report_missing(table, "topic", "topic = \"commands/{arg.deviceId}\"");
    }
}

void read_publish(TableReader& table, SocketIoOnConfig& on) {
    read_topic(table, on);
    if (on.action != SocketIoDo::Publish) {
        table.refuse({"payload", "qos", "retain"}, "goes with do = \"publish\" only");
        return;
    }
    on.payload = take_template(table, "payload");
    std::uint32_t qos = 0;
    if (table.read_count("qos", qos, {0, 2})) on.qos = static_cast<int>(qos);
    table.read("retain", on.retain);
}

void read_role(TableReader& table, SocketIoOnConfig& on) {
    table.read("role", on.role);
    // Whoever may send a notification speaks to all.
    if (on.action != SocketIoDo::Notify || table.take("role")) return;
    table.diagnostics().error(table.place(), table.title() +
                                                 " has no role; say who may notify others, like "
                                                 "role = \"admin\", or role = \"\" for everyone");
}

std::optional<SocketIoOnConfig> read_on(TableReader& table) {
    SocketIoOnConfig on;
    const bool named = read_event(table, "event", on.event);
    if (!named) report_missing(table, "event", "event = \"subscribe:device\"");
    const bool complete = read_action(table, on);
    if (complete) {
        read_key(table, on);
        read_publish(table, on);
        read_role(table, on);
    } else {  // which of them belong there is not known
        for (const std::string_view key : {"key", "topic", "payload", "qos", "retain", "role"}) {
            (void)table.take(key);
        }
    }
    on.reply = take_message(table, "reply", "event = \"subscribed:device\"");
    table.report_unknown_keys();
    if (!named || !complete) return std::nullopt;
    return on;
}

void check_events_are_unique(const std::vector<SocketIoOnConfig>& on, Diagnostics& diagnostics) {
    std::map<std::string_view, const SourcePlace*> places;
    for (const SocketIoOnConfig& each : on) {
        const auto [first, is_new] = places.emplace(each.event.value, &each.event.place);
        if (is_new) continue;
        diagnostics.error(each.event.place, "event " + in_quotes(each.event.value) +
                                                " is answered already at line " +
                                                std::to_string(first->second->line) +
                                                "; an event has one socketio.on");
    }
}

// Calls `read` with a reader of each table of `[[socketio.<key>]]`.
template <typename Read>
void read_list(TableReader& socketio, std::string_view key, Read read) {
    const std::optional<TomlEntry> entry = socketio.take(key);
    if (!entry) return;
    const std::string name = "socketio." + std::string(key);
    const toml::array* const array = entry->node->as_array();
    if (array == nullptr) {
        socketio.error(*entry->key, name + " must be a list of tables; write [[" + name +
                                        "]] with two brackets");
        return;
    }
    for (const toml::node& node : *array) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) {
            socketio.wrong_type("each " + name, node, "a table");
            continue;
        }
        TableReader reader(socketio.document(), *table, "[[" + name + "]]", socketio.diagnostics());
        read(reader);
    }
}

void read_begin(TableReader& table, SocketIoConfig& socketio) {
    Placed<std::string> text;
    if (!table.read("subscribe", text)) return;
    if (text.value == "all") {
        socketio.subscribe = SocketIoConfig::Begin::Everything;
    } else if (text.value == "none") {
        socketio.subscribe = SocketIoConfig::Begin::Nothing;
    } else {
        table.diagnostics().error(
            std::move(text.place),
            "subscribe = " + in_quotes(text.value) + " is not known; " +
                did_you_mean(text.value, {"all", "none"}, "write \"all\" or \"none\""));
    }
}

void read_presence(TableReader& parent, SocketIoConfig& socketio) {
    using namespace std::chrono_literals;
    const toml::table* const table = parent.take_table("presence", "{ role = \"admin\" }");
    if (table == nullptr) return;
    TableReader reader(parent.document(), *table, "[socketio] presence", parent.diagnostics());
    SocketIoPresenceConfig presence;
    Placed<std::string> event;
    if (read_event(reader, "joined", event)) presence.joined = std::move(event.value);
    if (read_event(reader, "left", event)) presence.left = std::move(event.value);
    reader.read("role", presence.role);
    reader.read_duration("grace", presence.grace, {0s, 10min});
    reader.report_unknown_keys();
    socketio.presence = std::move(presence);
}

}  // namespace

void read_socketio_events(TableReader& table, SocketIoConfig& socketio) {
    read_begin(table, socketio);
    read_list(table, "welcome", [&](TableReader& welcome) {
        auto message = read_message(welcome, "event = \"connected\"");
        if (message) socketio.welcome.push_back(std::move(*message));
    });
    read_list(table, "on", [&](TableReader& on) {
        auto reaction = read_on(on);
        if (reaction) socketio.on.push_back(std::move(*reaction));
    });
    check_events_are_unique(socketio.on, table.diagnostics());
    read_presence(table, socketio);
    socketio.shutdown = take_message(table, "shutdown", "event = \"server:shutdown\"");
}

}  // namespace rtbridge
