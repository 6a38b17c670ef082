#include "transport/metrics_text.h"

#include <libwebsockets.h>

#include <iterator>
#include <string_view>

#include "base/process_figures.h"
#include "base/version.h"
#include "transport/prometheus_text.h"

namespace rtbridge {
namespace {

using Type = PrometheusText::Type;

constexpr struct {
    std::string_view name;
    Counter Counters::*counter;
    std::string_view help;
} counters[] = {
    {"rtbridge_messages_in_total", &Counters::messages_in, "Publishes that the broker showed."},
    {"rtbridge_messages_matched_total", &Counters::messages_matched,
     "Publishes that a rule matched."},
    {"rtbridge_messages_invalid_total", &Counters::messages_invalid,
     "Publishes that failed a step of a rule."},
    {"rtbridge_messages_dropped_total", &Counters::messages_dropped,
     "Publishes that a rule kept from everyone."},
    {"rtbridge_messages_quarantined_total", &Counters::messages_quarantined,
     "... of which a quarantine topic was told."},
    {"rtbridge_publishes_derived_total", &Counters::publishes_derived,
     "Publishes that rules made."},
    {"rtbridge_wills_total", &Counters::wills, "Wills that rules showed to browsers."},
    {"rtbridge_retained_read_total", &Counters::retained_read,
     "Retained messages of the broker that rules were shown."},
    {"rtbridge_retained_outdated_total", &Counters::retained_outdated,
     "... of which something newer was known."},
    {"rtbridge_broker_refused_total", &Counters::broker_refused,
     "What the broker had no memory for."},
    {"rtbridge_updates_out_total", &Counters::updates_out,
     "Updates delivered, each session counts."},
    {"rtbridge_updates_conflated_total", &Counters::updates_conflated,
     "Updates replaced by newer ones while they waited."},
    {"rtbridge_updates_dropped_total", &Counters::updates_dropped, "Updates lost to sessions."},
    {"rtbridge_updates_not_json_total", &Counters::updates_not_json,
     "Updates skipped where only JSON fits."},
    {"rtbridge_logins_total", &Counters::logins, "Logins that were right."},
    {"rtbridge_logins_refused_total", &Counters::logins_refused, "Logins that were not."},
    {"rtbridge_denied_mqtt_total", &Counters::denied_mqtt,
     "Publishes and subscriptions denied to MQTT clients."},
    {"rtbridge_denied_browsers_total", &Counters::denied_browsers,
     "Requests and selections denied to browsers."},
    {"rtbridge_filtered_mqtt_total", &Counters::filtered_mqtt,
     "Deliveries kept from MQTT subscribers."},
    {"rtbridge_filtered_browsers_total", &Counters::filtered_browsers,
     "Deliveries kept from sessions."},
    {"rtbridge_publishes_browsers_total", &Counters::publishes_browsers,
     "Publishes that came from browsers."},
    {"rtbridge_bodies_missing_total", &Counters::bodies_missing,
     "Bodies for browsers that could not be made of a publish."},
    {"rtbridge_updates_thinned_total", &Counters::updates_thinned,
     "Updates kept from browsers by max_rate or deadband of a rule."},
    {"rtbridge_tunnels_failed_total", &Counters::tunnels_failed,
     "MQTT tunnels that did not reach the broker."},
    {"rtbridge_events_unknown_total", &Counters::events_unknown,
     "Events of Socket.IO clients that no socketio.on names."},
    {"rtbridge_listener_errors_total", &Counters::listener_errors,
     "Turns of a listener cut short for want of memory."},
};
static_assert(std::size(counters) * sizeof(Counter) == sizeof(Counters),
              "a counter of Counters is missing in this table");

void write_build(PrometheusText& out, const Metrics& metrics) {
    out.family("rtbridge_build_info", Type::Gauge,
               "1; versions of rtbridge, of the libwebsockets that runs and of the headers of "
               "mosquitto.");
    out.sample({{"version", version},
                {"libwebsockets", lws_get_library_version()},
                {"mosquitto", metrics.mosquitto_version}},
               1);
}

void write_time(PrometheusText& out, const ApiContext& context) {
    const std::chrono::duration<double> uptime = context.clock.now() - context.started;
    const auto now_s = static_cast<double>(context.clock.unix_ms()) / 1000;
    out.family("rtbridge_uptime_seconds", Type::Gauge, "How long the listener runs.");
    out.fraction(uptime.count());
    out.family("rtbridge_start_time_seconds", Type::Gauge,
               "When the listener started, since 1970.");
    out.fraction(now_s - uptime.count());
}

// Under the names that every exporter uses.
void write_process(PrometheusText& out) {
    const ProcessFigures process = process_figures();
    out.family("process_cpu_seconds_total", Type::Counter,
               "Processor time of the broker with everything in it.");
    out.fraction(std::chrono::duration<double>(process.cpu).count());
    out.family("process_resident_memory_bytes", Type::Gauge,
               "Memory of the broker with everything in it.");
    out.sample(process.resident_bytes);
    out.family("process_max_fds", Type::Gauge, "How many files and sockets it may open.");
    out.sample(process.descriptors_max);
}

void write_counters(PrometheusText& out, const Metrics& metrics) {
    for (const auto& [name, counter, help] : counters) {
        out.family(name, Type::Counter, help);
        out.sample((metrics.*counter).value());
    }
    out.family("rtbridge_limit_hits_total", Type::Counter, "How often each limit acted.");
    for (std::size_t i = 0; i < limit_names.size(); ++i) {
        out.sample({{"name", limit_names.at(i)}}, metrics.limits.at(i).value());
    }
    out.family("rtbridge_gaps_total", Type::Counter, "Gaps in what a subscription got, by reason.");
    for (std::size_t i = 0; i < metrics.gaps.size(); ++i) {
        out.sample({{"reason", to_text(static_cast<GapReason>(i))}}, metrics.gaps.at(i).value());
    }
    out.family(
        "rtbridge_disconnects_total", Type::Counter,
        "WebSockets and event streams that ended, by close code; 1006 is a lost connection, or "
        "a stream that its browser left.");
    for (std::size_t i = 0; i < Disconnects::codes.size(); ++i) {
        const std::uint16_t code = Disconnects::codes.at(i);
        out.sample({{"code", code == Disconnects::other ? "other" : std::to_string(code)}},
                   metrics.disconnects.value(i));
    }
}

void write_sessions(PrometheusText& out, const SessionRegistry& registry) {
    const SessionRegistry::Totals totals = registry.totals();
    out.family("rtbridge_sessions", Type::Gauge, "Browsers that are connected.");
    for (const auto& [transport, count] : registry.count_by_transport()) {
        out.sample({{"transport", transport}}, count);
    }
    out.family("rtbridge_subscriptions", Type::Gauge, "Subscriptions of all sessions.");
    out.sample(totals.subscriptions);
    out.family("rtbridge_queue_bytes", Type::Gauge, "What waits in all sessions together.");
    out.sample(totals.queue_bytes);
    out.family("rtbridge_queue_largest_bytes", Type::Gauge,
               "What waits in the session with the most.");
    out.sample(totals.queue_bytes_largest);
}

void write_bytes(PrometheusText& out, const ListenerTotals& listeners) {
    out.family(
        "rtbridge_sent_bytes_total", Type::Counter,
        "Sent to browsers, before TLS: frames of WebSockets and MQTT tunnels, and HTTP answers.");
    out.sample({{"protocol", "websocket"}}, listeners.sent_websocket_bytes);
    out.sample({{"protocol", "http"}}, listeners.sent_http_bytes);
    out.sample({{"protocol", "mqtt"}}, listeners.sent_mqtt_bytes);
    out.family("rtbridge_received_bytes_total", Type::Counter,
               "Received from browsers: payload of frames, and bodies of HTTP requests.");
    out.sample({{"protocol", "websocket"}}, listeners.received_websocket_bytes);
    out.sample({{"protocol", "http"}}, listeners.received_http_bytes);
    out.sample({{"protocol", "mqtt"}}, listeners.received_mqtt_bytes);
}

// One family, a sample of each listener thread.
template <typename Figure>
void write_of_each(PrometheusText& out, const Metrics& metrics, std::string_view name,
                   std::string_view help, Figure figure) {
    out.family(name, Type::Gauge, help);
    std::size_t number = 0;
    for (const ListenerFigures* listener : metrics.listeners.list()) {
        out.sample({{"listener", std::to_string(number++)}}, figure(*listener));
    }
}

void write_listeners(PrometheusText& out, const Metrics& metrics) {
    using Of = const ListenerFigures&;
    write_of_each(out, metrics, "rtbridge_mailbox_depth", "Updates on their way to a listener.",
                  [](Of listener) { return listener.mailbox_depth(); });
    write_of_each(out, metrics, "rtbridge_values",
                  "Topics and keys of which the newest value is kept.",
                  [](Of listener) { return listener.values.value(); });
    write_of_each(out, metrics, "rtbridge_values_bytes", "Memory of values and their history.",
                  [](Of listener) { return listener.values_bytes.value(); });
    write_of_each(out, metrics, "rtbridge_history_updates",
                  "Updates that are kept and not the newest.",
                  [](Of listener) { return listener.history.value(); });
}

void write_latency(PrometheusText& out, const Histogram& broker_thread,
                   const Histogram::Reading& publish_to_write) {
    out.family("rtbridge_broker_thread_seconds", Type::Histogram,
               "Time that a publish takes on the broker's thread; a sample of all publishes.");
    out.histogram(broker_thread.read());
    out.family(
        "rtbridge_publish_to_write_seconds", Type::Histogram,
        "From the hand-off by the broker's thread to the write to sessions, once per update and "
        "listener.");
    out.histogram(publish_to_write);
}

void write_config(PrometheusText& out, const ConfigSnapshot& config) {
    out.family("rtbridge_config_generation", Type::Gauge, "Raised by each reload.");
    out.sample(config.generation);
    out.family("rtbridge_reload_ok", Type::Gauge, "1: the last reload took effect.");
    out.sample(config.reload.ok ? 1 : 0);
    out.family("rtbridge_reload_time_seconds", Type::Gauge,
               "When the configuration was last read, since 1970.");
    out.fraction(static_cast<double>(config.reload.at_unix_ms) / 1000);
    out.family("rtbridge_restart_required", Type::Gauge,
               "How many changed options wait for a restart.");
    out.sample(config.restart_required.size());
    out.family("rtbridge_tls_expiry_time_seconds", Type::Gauge,
               "When the certificate expires, since 1970; nothing without TLS.");
    if (config.tls) out.fraction(static_cast<double>(config.tls->expires_unix_s()));
}

void write_rules(PrometheusText& out, const std::vector<RuleStatus>& rules) {
    constexpr struct {
        std::string_view name, help;
        Counter RuleCounters::*counter;
    } families[] = {
        {"rtbridge_rule_matched_total", "Publishes that the rule matched.", &RuleCounters::matched},
        {"rtbridge_rule_ok_total", "... that passed all of its steps.", &RuleCounters::ok},
        {"rtbridge_rule_invalid_total", "... that failed one.", &RuleCounters::invalid},
        {"rtbridge_rule_dropped_total", "... that it kept from everyone.", &RuleCounters::dropped},
        {"rtbridge_rule_quarantined_total", "... of these told on its quarantine topic.",
         &RuleCounters::quarantined},
        {"rtbridge_rule_thinned_total", "Updates that its max_rate or deadband kept from browsers.",
         &RuleCounters::thinned},
        {"rtbridge_rule_bodies_missing_total",
         "Bodies for browsers that could not be made of a publish.", &RuleCounters::bodies_missing},
    };
    static_assert(std::size(families) * sizeof(Counter) == sizeof(RuleCounters),
                  "a counter of RuleCounters is missing in this table");
    for (const auto& [name, help, counter] : families) {
        out.family(name, Type::Counter, help);
        for (const RuleStatus& rule : rules) {
            out.sample({{"rule", rule.config.name.value}}, (*rule.statistics.*counter).value());
        }
    }
    out.family("rtbridge_rule_invalid_by_reason_total", Type::Counter,
               "Publishes that failed a step of the rule, by reason.");
    for (const RuleStatus& rule : rules) {
        for (std::size_t i = 0; i < invalid_reason_names.size(); ++i) {
            const std::uint64_t times = rule.statistics->invalid_by.at(i).value();
            if (times == 0) continue;
            out.sample({{"rule", rule.config.name.value}, {"reason", invalid_reason_names.at(i)}},
                       times);
        }
    }
    out.family("rtbridge_rule_timed_total", Type::Counter,
               "Publishes that the rule matched and whose time was taken: one in seventeen.");
    for (const RuleStatus& rule : rules) {
        out.sample({{"rule", rule.config.name.value}}, rule.statistics->timed.value());
    }
    out.family("rtbridge_rule_timed_seconds_total", Type::Counter,
               "Time of the broker's thread that the rule took for these.");
    for (const RuleStatus& rule : rules) {
        out.fraction({{"rule", rule.config.name.value}},
                     static_cast<double>(rule.statistics->timed_ns.value()) / 1e9);
    }
}

}  // namespace

std::string metrics_text(const ApiContext& context) {
    const Metrics& metrics = context.metrics;
    const ListenerTotals listeners = metrics.listeners.totals();
    PrometheusText out;
    write_build(out, metrics);
    write_time(out, context);
    write_process(out);
    write_counters(out, metrics);
    write_sessions(out, context.sessions.registry());
    write_bytes(out, listeners);
    write_listeners(out, metrics);
    write_latency(out, metrics.broker_thread, listeners.publish_to_write);
    write_config(out, context.config);
    write_rules(out, context.config.rules);
    return out.take();
}

}  // namespace rtbridge
