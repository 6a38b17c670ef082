#include "transport/selection_request.h"

#include <algorithm>
#include <array>
#include <set>

namespace rtbridge {
namespace {

std::set<std::string> key_names(const ConfigSnapshot& config) {
    std::set<std::string> names;
    for (const RuleStatus& rule : config.rules) {
        if (!rule.key_name.empty()) names.insert(rule.key_name);
    }
    return names;
}

Failure<SelectionRefusal> refused(std::string message) {
    return Failure{SelectionRefusal{std::move(message), std::nullopt}};
}

std::string unknown_parameter(const std::string& name, const std::set<std::string>& keys,
                              std::initializer_list<std::string_view> others) {
    std::string text = "unknown parameter \"" + name + "\"; known are topic, snapshot";
    for (const std::string_view other : others) text.append(", ").append(other);
    for (const std::string& key : keys) text += ", " + key;
    return text;
}

std::string with_wildcards(std::string text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool level_begins = i == 0 || text[i - 1] == '/';
        const bool level_ends = i + 1 == text.size() || text[i + 1] == '/';
        if (text[i] == ' ' && level_begins && level_ends) text[i] = '+';
    }
    return text;
}

}  // namespace

Result<SelectionRequest, SelectionRefusal> read_selection(
    const HttpRequest& request, const ConfigSnapshot& config,
    std::initializer_list<std::string_view> others) {
    const std::set<std::string> keys = key_names(config);
    SelectionRequest result;
    std::vector<KeySelector>& selected = result.selection.keys;
    for (const auto& parameter : request.query) {
        const std::string& name = parameter.first;
        const std::string& value = parameter.second;
        if (name == "topic") {
            auto filter = TopicFilter::parse(with_wildcards(value));
            if (!filter.ok()) return refused("topic=" + value + ": " + filter.error());
            result.selection.topics.push_back(std::move(filter).value());
        } else if (name == "snapshot") {
            if (value != "0" && value != "1") return refused("snapshot is 0 or 1");
            result.snapshot = value == "1";
        } else if (std::find(others.begin(), others.end(), name) != others.end()) {
            continue;
        } else if (keys.contains(name)) {
            if (value.empty()) return refused(name + " has no value");
            const bool other = std::any_of(selected.begin(), selected.end(),
                                           [&](const auto& key) { return key.name != name; });
            if (other) {
                return refused(selected.front().name + " and " + name +
                               " are keys of different rules; no update has both");
            }
            const bool again = std::any_of(selected.begin(), selected.end(),
                                           [&](const auto& key) { return key.value == value; });
            if (!again) selected.push_back({name, value});
        } else if (name != "token" && name != "ticket") {  // credentials, read before
            return refused(unknown_parameter(name, keys, others));
        }
    }
    if (result.selection.topics.size() + selected.size() > config.limits.subscriptions) {
        return Failure{SelectionRefusal{"more selectors than limits.subscriptions = " +
                                            std::to_string(config.limits.subscriptions),
                                        Limit::Subscriptions}};
    }
    return result;
}

}  // namespace rtbridge
