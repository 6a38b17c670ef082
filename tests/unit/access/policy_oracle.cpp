#include "access/policy_oracle.h"

#include <algorithm>

namespace rtbridge {
namespace {

// What a level or key of a rule stands for; nothing: matches nothing.
std::optional<std::string> filled_in(const std::string& text, const Identity& who) {
    if (text.empty() || text.front() != '{') return text;
    std::string value;
    if (text == "{user}") {
        value = who.user;
    } else if (text == "{client}") {
        value = who.client;
    } else {
        const auto claim = who.claims.find(text.substr(7, text.size() - 8));
        if (claim != who.claims.end()) value = claim->second;
    }
    if (value.empty() || value.find_first_of("+#/\n") != std::string::npos) return std::nullopt;
    return value;
}

}  // namespace

PolicyOracle::Topic split(const std::string& topic) {
    PolicyOracle::Topic levels(1);
    for (const char c : topic) {
        if (c == '/') {
            levels.emplace_back();
        } else {
            levels.back() += c;
        }
    }
    return levels;
}

bool PolicyOracle::glob(const std::string& pattern, const std::string& text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*') {
        return glob(pattern.substr(1), text) || (!text.empty() && glob(pattern, text.substr(1)));
    }
    return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
           glob(pattern.substr(1), text.substr(1));
}

bool PolicyOracle::matches(const Topic& filter, const Topic& topic) {
    for (std::size_t i = 0; i < filter.size(); ++i) {
        const bool wildcard = filter[i] == "#" || filter[i] == "+";
        if (i == 0 && wildcard && topic[0].starts_with('$')) return false;
        if (filter[i] == "#") return true;
        if (i == topic.size()) return false;
        if (!wildcard && filter[i] != topic[i]) return false;
    }
    return filter.size() == topic.size();
}

bool PolicyOracle::concerns(const AclRuleConfig& rule, const Identity& who) const {
    if (rule.user && (who.user.empty() || !glob(rule.user->value, who.user))) return false;
    if (rule.client && (who.client.empty() || !glob(rule.client->value, who.client))) return false;
    if (rule.role && std::count(who.roles.begin(), who.roles.end(), rule.role->value) == 0) {
        return false;
    }
    return !rule.address || rule.address->contains(who.address);
}

bool PolicyOracle::says(const AclRuleConfig& rule, const Identity& who, const Topic& topic,
                        KeyedRules keyed, const std::string& key) const {
    if (!concerns(rule, who)) return false;
    const bool topic_matches =
        std::any_of(rule.topics.begin(), rule.topics.end(), [&](const Placed<std::string>& text) {
            Topic filter = split(text.value);
            if (topic[0].starts_with('$') && filter[0] != topic[0]) return false;
            for (std::string& level : filter) {
                const std::optional<std::string> filled = filled_in(level, who);
                if (!filled) return false;
                level = *filled;
            }
            return matches(filter, topic);
        });
    if (!topic_matches || rule.keys.empty()) return topic_matches;
    const bool allow = rule.effect == AclEffect::Allow;
    if (keyed == (allow ? KeyedRules::DeniesOnly : KeyedRules::AllowsOnly)) return false;
    return std::any_of(rule.keys.begin(), rule.keys.end(), [&](const Placed<std::string>& text) {
        const std::optional<std::string> filled = filled_in(text.value, who);
        return filled && (keyed != KeyedRules::ByKey || *filled == key);
    });
}

bool PolicyOracle::decide(const Identity& who, ActionSet actions, const Topic& topic,
                          KeyedRules keyed, const std::string& key) const {
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        const auto action = static_cast<Action>(i);
        if (!actions.contains(action)) continue;
        bool allowed = config_.acl->default_effect == AclEffect::Allow && topic[0] != "$CONTROL";
        for (const AclRuleConfig& rule : config_.acl->rules) {
            if (!rule.actions.contains(action) || !says(rule, who, topic, keyed, key)) continue;
            if (rule.effect == AclEffect::Deny) return false;
            allowed = true;
        }
        if (!allowed) return false;
    }
    return true;
}

bool PolicyOracle::may(const Identity& who, ActionSet actions, const Topic& topic,
                       std::optional<std::string> key) const {
    return decide(who, actions, topic, key ? KeyedRules::ByKey : KeyedRules::DeniesOnly,
                  key.value_or(""));
}

Coverage PolicyOracle::coverage(const Identity& who, ActionSet actions, const Topic& filter,
                                const std::vector<std::string>& keys,
                                const std::vector<Topic>& topics) const {
    bool all = true;
    bool none = true;
    for (const Topic& topic : topics) {
        if (!matches(filter, topic)) continue;
        if (keys.empty()) {
            all = all && decide(who, actions, topic, KeyedRules::Both, "");
            none = none && !decide(who, actions, topic, KeyedRules::AllowsOnly, "");
        }
        for (const std::string& key : keys) {
            const bool allowed = decide(who, actions, topic, KeyedRules::ByKey, key);
            all = all && allowed;
            none = none && !allowed;
        }
    }
    return all ? Coverage::All : none ? Coverage::None : Coverage::Part;
}

Coverage PolicyOracle::coverage_without_key(const Identity& who, ActionSet actions,
                                            const Topic& filter,
                                            const std::vector<Topic>& topics) const {
    bool all = true;
    bool none = true;
    for (const Topic& topic : topics) {
        if (!matches(filter, topic)) continue;
        const bool allowed = may(who, actions, topic, std::nullopt);
        all = all && allowed;
        none = none && !allowed;
    }
    return all ? Coverage::All : none ? Coverage::None : Coverage::Part;
}

bool PolicyOracle::anything(const Identity& who, ActionSet actions, std::optional<std::string> key,
                            const std::vector<Topic>& topics) const {
    return std::any_of(topics.begin(), topics.end(), [&](const Topic& topic) {
        return decide(who, actions, topic, key ? KeyedRules::ByKey : KeyedRules::AllowsOnly,
                      key.value_or(""));
    });
}

}  // namespace rtbridge
