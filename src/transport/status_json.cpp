#include "transport/status_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/version.h"
#include "transport/rules_json.h"

namespace rtbridge {
namespace {

using nlohmann::ordered_json;

// Null where nothing was measured yet.
ordered_json microseconds(const std::optional<Histogram::Nanoseconds>& time) {
    if (!time) return nullptr;
    return static_cast<double>(time->count()) / 1000;
}

ordered_json latency_json(const Histogram::Reading& reading) {
    return {{"count", reading.count()},
            {"p50_us", microseconds(reading.quantile(0.5))},
            {"p90_us", microseconds(reading.quantile(0.9))},
            {"p99_us", microseconds(reading.quantile(0.99))}};
}

ordered_json gaps_json(const Metrics& metrics) {
    ordered_json gaps = ordered_json::object();
    for (std::size_t i = 0; i < metrics.gaps.size(); ++i) {
        gaps[std::string(to_text(static_cast<GapReason>(i)))] = metrics.gaps.at(i).value();
    }
    return gaps;
}

// Only codes that occurred.
ordered_json disconnects_json(const Disconnects& disconnects) {
    ordered_json by_code = ordered_json::object();
    for (std::size_t i = 0; i < Disconnects::codes.size(); ++i) {
        const std::uint16_t code = Disconnects::codes.at(i);
        const std::uint64_t count = disconnects.value(i);
        if (count == 0) continue;
        by_code[code == Disconnects::other ? "other" : std::to_string(code)] = count;
    }
    return by_code;
}

ordered_json listeners_json(const Metrics& metrics) {
    ordered_json listeners = ordered_json::array();
    for (const ListenerFigures* listener : metrics.listeners.list()) {
        listeners.push_back({{"mailbox", listener->mailbox_depth()},
                             {"values", listener->values.value()},
                             {"values_bytes", listener->values_bytes.value()},
                             {"history", listener->history.value()}});
    }
    return listeners;
}

ordered_json bytes_json(const ListenerTotals& listeners) {
    return {{"sent",
             {{"websocket", listeners.sent_websocket_bytes},
              {"http", listeners.sent_http_bytes},
              {"mqtt", listeners.sent_mqtt_bytes}}},
            {"received",
             {{"websocket", listeners.received_websocket_bytes},
              {"http", listeners.received_http_bytes},
              {"mqtt", listeners.received_mqtt_bytes}}}};
}

ordered_json retained_json(const RetainedStatus& retained, const Metrics& metrics) {
    static constexpr std::array<std::string_view, 4> states = {"off", "reading", "read", "failed"};
    return {{"state", states.at(static_cast<std::size_t>(retained.state))},
            {"at", retained.at_unix_ms},
            {"error", retained.error.empty() ? ordered_json() : ordered_json(retained.error)},
            {"messages", metrics.retained_read.value()},
            {"outdated", metrics.retained_outdated.value()}};
}

ordered_json tls_json(const TlsCertificate* certificate, std::int64_t now_unix_ms) {
    if (certificate == nullptr) return nullptr;
    const std::int64_t expires_ms = certificate->expires_unix_s() * 1000;
    constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;
    return {{"subject", certificate->subject()},
            {"expires", expires_ms},
            {"days", (expires_ms - now_unix_ms) / day_ms}};
}

}  // namespace

std::string status_json(const ApiContext& context) {
    const Metrics& metrics = context.metrics;
    const ListenerTotals listeners = metrics.listeners.totals();
    const SessionRegistry::Totals sessions = context.sessions.registry().totals();
    const ReloadStatus& reload = context.config.reload;

    ordered_json by_transport = ordered_json::object();
    for (const auto& [transport, count] : context.sessions.registry().count_by_transport()) {
        by_transport[std::string(transport)] = count;
    }
    ordered_json limits = ordered_json::object();
    for (std::size_t i = 0; i < limit_names.size(); ++i) {
        limits[std::string(limit_names.at(i))] = metrics.limits.at(i).value();
    }
    ordered_json rules = ordered_json::array();
    for (const RuleStatus& rule : context.config.rules) rules.push_back(rule_json(rule));

    const ordered_json status = {
        {"version", version},
        {"uptime_s",
         std::chrono::duration_cast<std::chrono::seconds>(context.clock.now() - context.started)
             .count()},
        {"generation", context.config.generation},
        {"reload",
         {{"ok", reload.ok},
          {"at", reload.at_unix_ms},
          {"error", reload.ok ? ordered_json(nullptr) : ordered_json(reload.error)}}},
        {"restart_required", context.config.restart_required},
        {"tls", tls_json(context.config.tls.get(), context.clock.unix_ms())},
        {"sessions",
         {{"total", context.sessions.registry().size()},
          {"by_transport", std::move(by_transport)},
          {"subscriptions", sessions.subscriptions}}},
        {"messages",
         {{"in", metrics.messages_in.value()},
          {"matched", metrics.messages_matched.value()},
          {"out", metrics.updates_out.value()},
          {"dropped", metrics.updates_dropped.value()},
          {"conflated", metrics.updates_conflated.value()},
          {"invalid", metrics.messages_invalid.value()},
          {"kept_from_all", metrics.messages_dropped.value()},
          {"quarantined", metrics.messages_quarantined.value()},
          {"derived", metrics.publishes_derived.value()},
          {"wills", metrics.wills.value()},
          {"browsers", metrics.publishes_browsers.value()},
          {"thinned", metrics.updates_thinned.value()},
          {"bodies_missing", metrics.bodies_missing.value()},
          {"broker_refused", metrics.broker_refused.value()},
          {"not_json", metrics.updates_not_json.value()},
          {"tunnels_failed", metrics.tunnels_failed.value()},
          {"listener_errors", metrics.listener_errors.value()}}},
        {"retained", retained_json(context.config.retained, metrics)},
        {"bytes", bytes_json(listeners)},
        {"queue",
         {{"bytes", sessions.queue_bytes}, {"largest_bytes", sessions.queue_bytes_largest}}},
        {"gaps", gaps_json(metrics)},
        {"disconnects", disconnects_json(metrics.disconnects)},
        {"listeners", listeners_json(metrics)},
        {"latency",
         {{"publish_to_write", latency_json(listeners.publish_to_write)},
          {"broker_thread", latency_json(metrics.broker_thread.read())}}},
        {"access",
         {{"logins", metrics.logins.value()},
          {"logins_refused", metrics.logins_refused.value()},
          {"denied_mqtt", metrics.denied_mqtt.value()},
          {"denied_browsers", metrics.denied_browsers.value()},
          {"filtered_mqtt", metrics.filtered_mqtt.value()},
          {"filtered_browsers", metrics.filtered_browsers.value()}}},
        {"limits", std::move(limits)},
        {"rules", std::move(rules)},
    };
    return status.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace rtbridge
