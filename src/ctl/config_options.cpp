#include "ctl/config_options.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "config/template_text.h"
#include "config/units.h"

namespace rtbridge {
namespace {

std::string text(std::string_view value) {
    std::string out;
    append_json_string(out, value);  // the escapes of TOML's basic strings are those of JSON's
    return out;
}
std::string text(const Placed<std::string>& value) {
    return text(value.value);
}
// Not text(): a literal would rather become a bool than a std::string_view.
std::string truth(bool value) {
    return value ? "true" : "false";
}
std::string text(double value) {
    std::string out;
    append_number(out, value);
    return out;
}
std::string text(std::chrono::milliseconds value) {
    return text(format_duration(value));
}
std::string text(const TemplateSource& value) {
    return to_toml(value);
}
std::string count(std::uint64_t value) {
    return std::to_string(value);
}
std::string size(std::uint64_t bytes) {
    constexpr std::uint64_t megabyte = 1'000'000;
    const bool decimal = bytes > 0 && bytes % megabyte == 0 && bytes % MiB != 0;
    return text(decimal ? std::to_string(bytes / megabyte) + "MB" : format_size(bytes));
}

// Sorted: the order of such lists means nothing.
template <typename T>
std::string list(const std::vector<T>& values) {
    std::vector<std::string> texts;
    for (const T& value : values) {
        if constexpr (std::is_same_v<T, AddressRange>) {
            texts.push_back(text(value.text()));
        } else {
            texts.push_back(text(value));
        }
    }
    std::sort(texts.begin(), texts.end());
    std::string out = "[";
    for (const std::string& each : texts) out += (out.size() > 1 ? ", " : "") + each;
    return out + "]";
}

class Options {
public:
    // What follows is "prefix.name".
    void section(std::string prefix) { prefix_ = prefix.empty() ? "" : std::move(prefix) + "."; }
    void add(std::string_view name, std::string value) {
        all.push_back({prefix_ + std::string(name), std::move(value)});
    }
    template <typename T>
    void add_if(std::string_view name, const std::optional<T>& value) {
        if (value) add(name, text(*value));
    }

    std::vector<ConfigOption> all;

private:
    std::string prefix_;
};

std::string text(const BindAddress& address) {
    const bool v6 = address.host.find(':') != std::string::npos;
    const std::string host = v6 ? "[" + address.host + "]" : address.host;
    return text(host + ":" + std::to_string(address.port));
}

void add(Options& options, const ListenerConfig& listener) {
    options.section("listener");
    options.add("bind", text(listener.bind));
    options.add("tls.cert", text(listener.tls.cert_file));
    options.add("tls.key", text(listener.tls.key_file));
    options.add("trusted_proxies", list(listener.trusted_proxies));
    options.add("origins", list(listener.origins));
    options.add("threads", count(listener.threads));
    options.add("www", text(listener.www));
    options.add("dashboard", truth(listener.dashboard));
}

void add(Options& options, const LimitsConfig& limits) {
    options.section("limits");
    options.add("connections", count(limits.connections));
    options.add("connections_per_ip", count(limits.connections_per_ip));
    options.add("connections_per_user", count(limits.connections_per_user));
    options.add("handshake_timeout", text(limits.handshake_timeout));
    options.add("ping_interval", text(limits.ping_interval));
    options.add("header", size(limits.header_bytes));
    options.add("frame", size(limits.frame_bytes));
    options.add("body", size(limits.body_bytes));
    options.add("requests_per_second", count(limits.requests_per_second));
    options.add("logins_per_minute", count(limits.logins_per_minute));
    options.add("password_time", text(limits.password_time));
    options.add("subscriptions", count(limits.subscriptions));
    options.add("queue.soft", size(limits.queue.soft_bytes));
    options.add("queue.hard", size(limits.queue.hard_bytes));
    options.add("queue.close_after", text(limits.queue.close_after));
    options.add("mailbox", count(limits.mailbox_updates));
    options.add("history_bytes", size(limits.history_bytes));
    options.add("drain_time", text(limits.drain_time));
}

void add(Options& options, const AuthConfig& auth) {
    options.section("auth");
    options.add("anonymous", text(auth.anonymous_role ? "role:" + *auth.anonymous_role : "deny"));
    options.add("cookie", text(auth.cookie));
    options.add("token_in_url", truth(auth.token_in_url));
    options.add("passwords_file", text(auth.passwords_file));
    options.add("mqtt", truth(auth.mqtt));
    for (const AuthRoleConfig& role : auth.roles) {
        options.add("role." + text(role.user) + "." + text(role.role), "true");
    }
    for (const JwtConfig& jwt : auth.jwt) {
        // An issuer is what tells them apart; of two without one the keys do.
        options.section("auth.jwt." + text(jwt.issuer.empty() ? jwt.keys_file.value : jwt.issuer));
        options.add("audience", text(jwt.audience));
        options.add("algorithms", list(jwt.algorithms));
        options.add("keys_file", text(jwt.keys_file));
        options.add("user_claim", text(jwt.user_claim));
        options.add("role_claim", text(jwt.role_claim));
        options.add("leeway", text(jwt.leeway));
    }
}

std::string_view name_of(SocketIoDo action) {
    constexpr std::array<std::string_view, 7> names = {
        "subscribe", "unsubscribe", "subscribe_all", "latest", "status", "notify", "publish"};
    return names.at(static_cast<std::size_t>(action));
}

void add(Options& options, std::string_view name, const SocketIoReplyConfig& reply) {
    options.add(std::string(name) + ".event", text(reply.event));
    options.add_if(std::string(name) + ".body", reply.body);
}

void add(Options& options, const SocketIoConfig& socketio) {
    options.section("socketio");
    options.add("path", text(socketio.path));
    options.add("ping_interval", text(socketio.ping_interval));
    options.add("ping_timeout", text(socketio.ping_timeout));
    options.add("connect_timeout", text(socketio.connect_timeout));
    options.add("max_payload", size(socketio.max_payload_bytes));
    options.add_if("body", socketio.body);
    if (socketio.subscribe != SocketIoConfig::Begin::Unsaid) {
        const bool all = socketio.subscribe == SocketIoConfig::Begin::Everything;
        options.add("subscribe", text(all ? "all" : "none"));
    }
    if (socketio.presence) {
        options.add("presence.joined", text(socketio.presence->joined));
        options.add("presence.left", text(socketio.presence->left));
        options.add("presence.role", text(socketio.presence->role));
        options.add("presence.grace", text(socketio.presence->grace));
    }
    if (socketio.shutdown) add(options, "shutdown", *socketio.shutdown);
    for (std::size_t i = 0; i < socketio.welcome.size(); ++i) {
        add(options, "welcome." + std::to_string(i + 1), socketio.welcome[i]);
    }
    for (const SocketIoOnConfig& on : socketio.on) {
        options.section("socketio.on." + text(on.event));
        options.add("do", text(name_of(on.action)));
        options.add_if("key", on.key);
        options.add_if("topic", on.topic);
        options.add_if("payload", on.payload);
        options.add("qos", count(static_cast<std::uint64_t>(on.qos)));
        options.add("retain", truth(on.retain));
        options.add("role", text(on.role));
        if (on.reply) add(options, "reply", *on.reply);
    }
}

void add(Options& options, const HttpRouteConfig& route) {
    const bool post = route.method == HttpRouteMethod::Post;
    options.section(std::string("http.route.") + (post ? "POST " : "GET ") + route.path.value);
    if (post) {
        options.add("publish", text(route.publish));
        options.add_if("payload", route.payload);
        options.add("qos", count(static_cast<std::uint64_t>(route.qos)));
        options.add("retain", truth(route.retain));
    } else {
        options.add("latest", text(route.latest));
    }
    options.add_if("reply", route.reply);
}

std::string text(const FieldSpec& spec) {
    constexpr std::array<std::string_view, 5> names = {"number", "string", "bool", "time",
                                                       "one of"};
    std::string out(names.at(static_cast<std::size_t>(spec.type)));
    if (!spec.required && !spec.fallback) out += "?";
    const bool from = spec.min != FieldSpec().min;
    const bool to = spec.max != FieldSpec().max;
    if (from || to) {
        out += " ";
        if (from) append_number(out, spec.min);
        out += "..";
        if (to) append_number(out, spec.max);
    }
    for (const std::string& choice : spec.choices) {
        out += (&choice == &spec.choices.front() ? " " : "|") + choice;
    }
    if (spec.fallback) out += " = " + *spec.fallback;
    return text(out);
}

void add_gather(Options& options, const RuleConfig& rule) {
    options.add("gather.topic", text(rule.gather->topic));
    if (!rule.gather->value.empty()) options.add("gather.value", text(rule.gather->value));
    for (std::size_t i = 0; i < rule.topics.size(); ++i) {
        options.add("gather.fields." + rule.gather->fields[i] + " " + rule.topics[i].value, "true");
    }
}

void add_battery(Options& options, const BatteryConfig& battery) {
    const BatteryConfig defaults;
    const bool charging = battery.positive == PowerSign::PositiveIsCharging;
    options.add("battery.power", text(battery.power));
    options.add("battery.percent", text(battery.percent));
    options.add("battery.positive", text(charging ? "charging" : "discharging"));
    options.add("battery.idle_below", text(battery.idle_below));
    const auto add_path = [&](std::string_view name, const std::string& path) {
        if (!path.empty()) options.add("battery." + std::string(name), text(path));
    };
    add_path("voltage", battery.voltage);
    add_path("current", battery.current);
    add_path("time", battery.time);
    add_path("capacity", battery.capacity);
    if (battery.capacity_number > 0) {
        options.add("battery.capacity", text(battery.capacity_number));
    }
    if (!battery.cells.empty()) options.add("battery.cells", list(battery.cells));
    if (!battery.temperatures.empty()) {
        options.add("battery.temperatures", list(battery.temperatures));
    }
    const auto add_factor = [&](std::string_view name, double factor, double usual) {
        if (factor != usual) options.add("battery.units." + std::string(name), text(factor));
    };
    add_factor("power", battery.units.power, defaults.units.power);
    add_factor("voltage", battery.units.voltage, defaults.units.voltage);
    add_factor("current", battery.units.current, defaults.units.current);
    add_factor("percent", battery.units.percent, defaults.units.percent);
    add_factor("cells", battery.units.cells, defaults.units.cells);
    add_factor("capacity", battery.units.capacity, defaults.units.capacity);
    if (battery.capacity_in_ah) options.add("battery.units.capacity_in_ah", "true");
    for (const BatteryValue value : battery.add) {
        options.add(
            "battery.add." + std::string(battery_value_names.at(static_cast<std::size_t>(value))),
            "true");
    }
    // Of those that few rules have only what is not as usual.
    const auto add_if_unusual = [&](std::string_view name, const auto& value, const auto& usual) {
        if (value != usual) options.add("battery." + std::string(name), text(value));
    };
    add_if_unusual("hold", battery.hold, defaults.hold);
    add_if_unusual("gap", battery.gap, defaults.gap);
    add_if_unusual("jump", battery.jump, defaults.jump);
    add_if_unusual("frozen_after", battery.frozen_after, defaults.frozen_after);
}

void add_rule_steps(Options& options, const RuleConfig& rule) {
    for (const auto& [name, expression] : rule.compute) {
        options.add("compute." + name.value, text(expression));
    }
    for (const ClassifyConfig& classify : rule.classify) {
        const std::string prefix = "classify." + classify.name.value + ".";
        options.add(prefix + "of", text(classify.of));
        for (const auto& [below, label] : classify.bands) {
            options.add(std::string(prefix).append("below.").append(label), text(below));
        }
        options.add(prefix + "otherwise", text(classify.otherwise));
        options.add(prefix + "hysteresis", text(classify.hysteresis));
    }
    for (const MapConfig& map : rule.map) {
        const std::string prefix = "map." + map.name.value + ".";
        options.add(prefix + "of", text(map.of));
        for (const auto& [from, to] : map.table) {
            options.add(std::string(prefix).append("table.").append(from), text(to));
        }
        if (map.otherwise) options.add(prefix + "otherwise", text(*map.otherwise));
    }
    for (const auto& [from, to] : rule.rename) options.add("rename." + from.value, text(to));
    if (!rule.drop_fields.empty()) options.add("drop_fields", list(rule.drop_fields));
    if (rule.redact) options.add("redact", "true");
}

void add_rule_towards_mqtt(Options& options, const RuleConfig& rule) {
    constexpr std::array<std::string_view, 3> on_invalid = {"pass", "drop", "quarantine"};
    options.add("on_invalid", text(on_invalid.at(static_cast<std::size_t>(rule.on_invalid))));
    constexpr std::array<std::string_view, 3> mqtt = {"keep", "replace", "publish:"};
    options.add("mqtt", text(std::string(mqtt.at(static_cast<std::size_t>(rule.mqtt))) +
                             rule.publish_topic.value));
}

void add_rule_towards_browsers(Options& options, const RuleConfig& rule) {
    const BrowserConfig& browser = rule.browser;
    if (browser.max_rate) options.add("browser.max_rate", text(format_rate(*browser.max_rate)));
    for (const DeadbandConfig& deadband : browser.deadband) {
        options.add("browser.deadband." + deadband.field, text(deadband.band));
    }
    if (!browser.event.empty()) options.add("browser.event", text(browser.event));
    options.add_if("browser.body", browser.body);
    if (!rule.history) return;
    options.add("history.last", count(rule.history->last));
    if (rule.history->keep.count() > 0) options.add("history.for", text(rule.history->keep));
}

}  // namespace

std::vector<ConfigOption> options_of(const Config& config) {
    Options options;
    add(options, config.listener);
    add(options, config.limits);
    if (config.auth) add(options, *config.auth);
    options.section("mqtt_tunnel");
    if (config.mqtt_tunnel) options.add("to", text(config.mqtt_tunnel->to));
    options.section("broker");
    if (config.broker.connect) options.add("connect", text(*config.broker.connect));
    options.add("devices", list(config.broker.devices));
    add(options, config.socketio);
    options.section("sse");
    options.add_if("body", config.sse.body);
    for (const HttpRouteConfig& route : config.http_routes) add(options, route);
    return std::move(options.all);
}

std::vector<ConfigOption> options_of(const RuleConfig& rule) {
    Options options;
    if (rule.gather) {
        add_gather(options, rule);
    } else {
        options.add("topics", list(rule.topics));
    }
    options.add_if("key", rule.key);
    for (const FieldConfig& field : rule.fields) {
        options.add("fields." + field.path.value, text(field.spec));
    }
    if (rule.battery) add_battery(options, *rule.battery);
    add_rule_steps(options, rule);
    for (const auto& [member, value] : rule.set) options.add("set." + member, text(value));
    add_rule_towards_mqtt(options, rule);
    add_rule_towards_browsers(options, rule);
    return std::move(options.all);
}

}  // namespace rtbridge
