#include "transport/metrics_text.h"

#include <string_view>

namespace rtbridge {
namespace {

void append_family(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help) {
    out.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void append_value(std::string& out, std::string_view name, std::string_view labels,
                  std::uint64_t value) {
    out.append(name);
    if (!labels.empty()) out.append("{").append(labels).append("}");
    out.append(" ").append(std::to_string(value)).append("\n");
}

// Names of limits and transports are ours: nothing in them needs an escape.
std::string label(std::string_view name, std::string_view value) {
    return std::string(name).append("=\"").append(value).append("\"");
}

}  // namespace

std::string metrics_text(const ApiContext& context) {
    const Metrics& metrics = context.metrics;
    const struct {
        std::string_view name, help;
        const Counter& counter;
    } counters[] = {
        {"rtbridge_messages_in_total", "Publishes that the broker showed.", metrics.messages_in},
        {"rtbridge_messages_matched_total", "Publishes that a rule matched.",
         metrics.messages_matched},
        {"rtbridge_messages_invalid_total", "Publishes that failed a step of a rule.",
         metrics.messages_invalid},
        {"rtbridge_messages_dropped_total", "Publishes that a rule kept from everyone.",
         metrics.messages_dropped},
        {"rtbridge_publishes_derived_total", "Publishes that rules made.",
         metrics.publishes_derived},
        {"rtbridge_publishes_browsers_total", "Publishes of browsers.", metrics.publishes_browsers},
        {"rtbridge_broker_refused_total", "What the broker did not take.", metrics.broker_refused},
        {"rtbridge_updates_out_total", "Updates delivered, each session counts.",
         metrics.updates_out},
        {"rtbridge_updates_conflated_total", "Updates replaced by newer ones while they waited.",
         metrics.updates_conflated},
        {"rtbridge_updates_dropped_total", "Updates lost to sessions.", metrics.updates_dropped},
        {"rtbridge_updates_not_json_total", "Updates skipped where only JSON fits.",
         metrics.updates_not_json},
        {"rtbridge_updates_thinned_total", "Updates kept back by max_rate or deadband.",
         metrics.updates_thinned},
        {"rtbridge_logins_total", "Logins that were right.", metrics.logins},
        {"rtbridge_logins_refused_total", "Logins that were not.", metrics.logins_refused},
        {"rtbridge_denied_mqtt_total", "Publishes and subscriptions denied to MQTT clients.",
         metrics.denied_mqtt},
        {"rtbridge_denied_browsers_total", "Requests and selections denied to browsers.",
         metrics.denied_browsers},
        {"rtbridge_filtered_mqtt_total", "Deliveries kept from MQTT subscribers.",
         metrics.filtered_mqtt},
        {"rtbridge_filtered_browsers_total", "Deliveries kept from sessions.",
         metrics.filtered_browsers},
        {"rtbridge_listener_errors_total", "Turns of a listener cut short for want of memory.",
         metrics.listener_errors},
    };
    std::string out;
    for (const auto& [name, help, counter] : counters) {
        append_family(out, name, "counter", help);
        append_value(out, name, "", counter.value());
    }
    append_family(out, "rtbridge_limit_hits_total", "counter", "How often each limit acted.");
    for (std::size_t i = 0; i < limit_names.size(); ++i) {
        append_value(out, "rtbridge_limit_hits_total", label("name", limit_names.at(i)),
                     metrics.limits.at(i).value());
    }
    append_family(out, "rtbridge_sessions", "gauge", "Browsers that are connected.");
    for (const auto& [transport, count] : context.sessions.registry().count_by_transport()) {
        append_value(out, "rtbridge_sessions", label("transport", transport), count);
    }
    append_family(out, "rtbridge_config_generation", "gauge", "Raised by each reload.");
    append_value(out, "rtbridge_config_generation", "", context.config.generation);
    append_family(out, "rtbridge_reload_ok", "gauge", "1: the last reload took effect.");
    append_value(out, "rtbridge_reload_ok", "", context.config.reload.ok ? 1 : 0);
    return out;
}

}  // namespace rtbridge
