#include "config_text.h"

#include <array>
#include <sstream>

#include "config/units.h"

namespace rtbridge {
namespace {

void write(std::ostream& out, const TemplateSource& source);

void write(std::ostream& out, const TemplateSource::Object& object) {
    out << "{";
    for (const auto& [name, member] : object) {
        out << name << "=";
        write(out, member);
        out << ";";
    }
    out << "}";
}

struct Writer {
    std::ostream& out;
    void operator()(const std::string& text) const { out << '"' << text << '"'; }
    void operator()(std::int64_t number) const { out << "int " << number; }
    void operator()(double number) const { out << "float " << number; }
    void operator()(bool value) const { out << (value ? "true" : "false"); }
    void operator()(const TemplateSource::Array& items) const {
        out << "[";
        for (const TemplateSource& item : items) {
            write(out, item);
            out << ";";
        }
        out << "]";
    }
    void operator()(const TemplateSource::Object& object) const { write(out, object); }
};

void write(std::ostream& out, const TemplateSource& source) {
    std::visit(Writer{out}, source.value);
}

void write_body(std::ostream& out, std::string_view name, const TemplateSource& body) {
    out << name << " ";
    write(out, body);
    out << "\n";
}

void write(std::ostream& out, const RuleConfig& rule) {
    out << "rule " << rule.name.value << "\n";
    for (const Placed<std::string>& topic : rule.topics) out << "  topic " << topic.value << "\n";
    if (rule.key) out << "  key " << rule.key->value << "\n";
    for (const FieldConfig& field : rule.fields) {
        out << "  field " << field.path.value << " " << static_cast<int>(field.spec.type)
            << (field.spec.required ? "" : "?") << "\n";
    }
    constexpr std::array<const char*, 3> on_invalid = {"pass", "drop", "quarantine"};
    out << "  on_invalid " << on_invalid.at(static_cast<std::size_t>(rule.on_invalid)) << "\n";
    if (rule.battery) {
        const BatteryConfig& battery = *rule.battery;
        out << "  battery " << battery.power << " " << battery.percent << " "
            << (battery.positive == PowerSign::PositiveIsCharging ? "charging" : "discharging")
            << " " << battery.idle_below << "\n";
    }
    for (const auto& [name, expression] : rule.compute) {
        out << "  compute " << name.value << " " << expression.value << "\n";
    }
    for (const ClassifyConfig& classify : rule.classify) {
        out << "  classify " << classify.name.value << " " << classify.of.value;
        for (const auto& [below, label] : classify.bands) out << " " << below << "=" << label;
        out << " " << classify.otherwise << " " << classify.hysteresis << "\n";
    }
    for (const MapConfig& map : rule.map) {
        out << "  map " << map.name.value << " " << map.of.value;
        for (const auto& [text, stands_for] : map.table) out << " " << text << "=" << stands_for;
        out << " " << map.otherwise.value_or("-") << "\n";
    }
    for (const auto& [from, to] : rule.rename)
        out << "  rename " << from.value << " " << to << "\n";
    for (const auto& path : rule.drop_fields) out << "  drop_field " << path.value << "\n";
    out << "  set ";
    write(out, rule.set);
    out << "\n  mqtt " << static_cast<int>(rule.mqtt) << " " << rule.publish_topic.value << "\n";
    if (rule.browser.thins()) out << "  browser";
    if (rule.browser.max_rate) out << " " << format_rate(*rule.browser.max_rate);
    for (const DeadbandConfig& deadband : rule.browser.deadband) {
        out << " " << deadband.field << "=" << deadband.band;
    }
    if (rule.browser.thins()) out << "\n";
    if (!rule.browser.event.empty()) out << "  event " << rule.browser.event << "\n";
    if (rule.browser.body) write_body(out, "  body", *rule.browser.body);
    if (rule.history) {
        out << "  history " << rule.history->last << " " << rule.history->keep.count() << "\n";
    }
}

void write(std::ostream& out, const AclConfig& acl) {
    out << "acl " << (acl.default_effect == AclEffect::Allow ? "allow" : "deny") << "\n";
    for (const AclRuleConfig& rule : acl.rules) {
        out << (rule.effect == AclEffect::Allow ? "  allow" : "  deny");
        for (std::size_t i = 0; i < action_names.size(); ++i) {
            if (rule.actions.contains(static_cast<Action>(i))) out << " " << action_names[i];
        }
        if (rule.user) out << " user=" << rule.user->value;
        if (rule.client) out << " client=" << rule.client->value;
        if (rule.role) out << " role=" << rule.role->value;
        if (rule.address) out << " address=" << rule.address->text();
        for (const Placed<std::string>& topic : rule.topics) out << " topic=" << topic.value;
        for (const Placed<std::string>& key : rule.keys) out << " key=" << key.value;
        out << "\n";
    }
}

}  // namespace

std::string to_test_text(const Config& config) {
    std::ostringstream out;
    const ListenerConfig& listener = config.listener;
    out << "bind " << listener.bind.host << " " << listener.bind.port << "\norigins";
    for (const std::string& origin : listener.origins) out << " " << origin;
    out << "\ndashboard " << listener.dashboard << "\nthreads " << listener.threads << "\n";
    const LimitsConfig& limits = config.limits;
    out << "connections " << limits.connections << " " << limits.connections_per_ip << " "
        << limits.connections_per_user << "\nhandshake_timeout " << limits.handshake_timeout.count()
        << "\nping_interval " << limits.ping_interval.count() << "\nheader " << limits.header_bytes
        << "\nframe " << limits.frame_bytes << "\nbody " << limits.body_bytes
        << "\nrequests_per_second " << limits.requests_per_second << "\nlogins_per_minute "
        << limits.logins_per_minute << "\nsubscriptions " << limits.subscriptions << "\nqueue "
        << limits.queue.soft_bytes << " " << limits.queue.hard_bytes << " "
        << limits.queue.close_after.count() << "\nmailbox " << limits.mailbox_updates
        << "\nhistory_bytes " << limits.history_bytes << "\npassword_time "
        << limits.password_time.count() << "\ndrain_time " << limits.drain_time.count() << "\n";
    if (config.auth) out << "auth " << config.auth->anonymous_role.value_or("(deny)") << "\n";
    if (config.acl) write(out, *config.acl);
    const SocketIoConfig& socketio = config.socketio;
    out << "socketio " << socketio.path << " " << socketio.ping_interval.count() << " "
        << socketio.ping_timeout.count() << " " << socketio.connect_timeout.count() << " "
        << socketio.max_payload_bytes << "\n";
    if (socketio.body) write_body(out, "socketio body", *socketio.body);
    if (config.sse.body) write_body(out, "sse body", *config.sse.body);
    if (config.mqtt_tunnel) {
        out << "mqtt_tunnel " << config.mqtt_tunnel->to.host << " " << config.mqtt_tunnel->to.port
            << "\n";
    }
    if (config.broker.connect) {
        out << "connect " << config.broker.connect->host << " " << config.broker.connect->port
            << "\n";
    }
    for (const Placed<std::string>& device : config.broker.devices) {
        out << "device " << device.value << "\n";
    }
    for (const RuleConfig& rule : config.rules) write(out, rule);
    return out.str();
}

std::string to_test_text(const Diagnostics& diagnostics) {
    std::string text;
    for (Diagnostic& diagnostic : diagnostics.sorted()) {
        const std::size_t file = diagnostic.place.file.size();
        const std::string line = to_line(diagnostic);
        text += line.substr(diagnostic.place.line > 0 ? file + 1 : file + 2) + "\n";
    }
    return text;
}

}  // namespace rtbridge
