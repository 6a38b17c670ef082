#include "transport/status_json.h"

#include <nlohmann/json.hpp>

#include "base/version.h"

namespace rtbridge {
namespace {

using nlohmann::ordered_json;

std::string_view name_of(TowardsMqtt mqtt) {
    switch (mqtt) {
        case TowardsMqtt::Replace:
            return "replace";
        case TowardsMqtt::Publish:
            return "publish";
        case TowardsMqtt::Keep:
            break;
    }
    return "keep";
}

// Where a page finds the key in a payload: "meta.userId" for "{payload.meta.userId}", else nothing.
std::string_view key_path(const RuleConfig& rule) {
    constexpr std::string_view begin = "{payload.";
    if (!rule.key) return {};
    std::string_view text = rule.key->value;
    if (!text.starts_with(begin) || text.find('}') != text.size() - 1) return {};
    text.remove_prefix(begin.size());
    text.remove_suffix(1);
    return text;
}

ordered_json rule_json(const RuleStatus& rule) {
    ordered_json topics = ordered_json::array();
    for (const auto& topic : rule.config.topics) topics.push_back(topic.value);
    ordered_json battery = nullptr;
    if (rule.config.battery) {
        battery = {{"power", rule.config.battery->power},
                   {"percent", rule.config.battery->percent}};
    }
    return {{"name", rule.config.name.value},
            {"topics", std::move(topics)},
            {"key", rule.key_name},
            {"key_path", key_path(rule.config)},
            {"mqtt", name_of(rule.config.mqtt)},
            {"battery", std::move(battery)},
            {"matched", rule.statistics->matched.value()},
            {"ok", rule.statistics->ok.value()},
            {"invalid", rule.statistics->invalid.value()},
            {"dropped", rule.statistics->dropped.value()},
            {"thinned", rule.statistics->thinned.value()}};
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
         {{"total", context.sessions.registry().size()}, {"by_transport", std::move(by_transport)}}},
        {"messages",
         {{"in", metrics.messages_in.value()},
          {"matched", metrics.messages_matched.value()},
          {"out", metrics.updates_out.value()},
          {"dropped", metrics.updates_dropped.value()},
          {"conflated", metrics.updates_conflated.value()},
          {"invalid", metrics.messages_invalid.value()},
          {"kept_from_all", metrics.messages_dropped.value()},
          {"derived", metrics.publishes_derived.value()},
          {"browsers", metrics.publishes_browsers.value()},
          {"thinned", metrics.updates_thinned.value()},
          {"broker_refused", metrics.broker_refused.value()},
          {"not_json", metrics.updates_not_json.value()},
          {"listener_errors", metrics.listener_errors.value()}}},
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
