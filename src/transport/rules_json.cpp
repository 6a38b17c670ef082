#include "transport/rules_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace rtbridge {

using nlohmann::ordered_json;

namespace {

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

// On average; null where nothing was measured yet.
ordered_json microseconds_of(const RuleStatistics& statistics) {
    const std::uint64_t timed = statistics.timed.value();
    if (timed == 0) return nullptr;
    return std::round(static_cast<double>(statistics.timed_ns.value()) /
                      static_cast<double>(timed) / 10) /
           100;
}

ordered_json sample_json(const FailedSample* sample) {
    if (sample == nullptr) return nullptr;
    ordered_json json = {{"at", sample->unix_ms},      {"topic", sample->topic},
                         {"client", sample->client},   {"reason", to_text(sample->why.reason)},
                         {"field", sample->why.field}, {"message", sample->why.message},
                         {"bytes", sample->bytes}};
    json["payload"] = sample->payload ? ordered_json(*sample->payload) : ordered_json(nullptr);
    return json;
}

}  // namespace

ordered_json rule_json(const RuleStatus& rule) {
    ordered_json topics = ordered_json::array();
    for (const auto& topic : rule.config.topics) topics.push_back(topic.value);
    ordered_json battery = nullptr;
    if (rule.config.battery) {
        battery = {{"power", rule.config.battery->power},
                   {"percent", rule.config.battery->percent}};
    }
    ordered_json invalid_by = ordered_json::object();
    for (std::size_t i = 0; i < invalid_reason_names.size(); ++i) {
        const std::uint64_t times = rule.statistics->invalid_by.at(i).value();
        if (times > 0) invalid_by[std::string(invalid_reason_names.at(i))] = times;
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
            {"invalid_by", std::move(invalid_by)},
            {"dropped", rule.statistics->dropped.value()},
            {"quarantined", rule.statistics->quarantined.value()},
            {"thinned", rule.statistics->thinned.value()},
            {"bodies_missing", rule.statistics->bodies_missing.value()},
            {"us", microseconds_of(*rule.statistics)}};
}

std::string rules_json(const ApiContext& context) {
    ordered_json items = ordered_json::array();
    for (const RuleStatus& rule : context.config.rules) {
        ordered_json item = rule_json(rule);
        item["failed"] = sample_json(rule.statistics->failed.get().get());
        items.push_back(std::move(item));
    }
    return ordered_json{{"items", std::move(items)}}.dump(-1, ' ', false,
                                                          nlohmann::json::error_handler_t::replace);
}

}  // namespace rtbridge
