#include "ctl/acl_words.h"

#include "config/in_quotes.h"

namespace rtbridge {
namespace {

std::string quoted(const std::vector<Placed<std::string>>& texts) {
    std::string all;
    for (const Placed<std::string>& text : texts) {
        all += (all.empty() ? "" : ", ") + in_quotes(text.value);
    }
    return all;
}

}  // namespace

std::optional<Action> action_named(std::string_view name) {
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        if (action_names[i] == name) return static_cast<Action>(i);
    }
    return std::nullopt;
}

ActionSet needed_for(Action action) {
    if (action == Action::Receive || action == Action::Subscribe) return receive_live;
    if (action == Action::PublishRetained) return ActionSet(Action::Publish) | action;
    return action;
}

std::string words_of(ActionSet actions) {
    std::string words;
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        if (!actions.contains(static_cast<Action>(i))) continue;
        words += words.empty() ? "" : ", ";
        words += action_names[i];
    }
    return words;
}

std::string who_in_words(const AclRuleConfig& rule) {
    std::string words;
    const auto add = [&](std::string_view name, const std::string& value) {
        words += words.empty() ? "" : " with ";
        words.append(name).append(" ").append(value);
    };
    if (rule.user) add("user", in_quotes(rule.user->value));
    if (rule.client) add("client", in_quotes(rule.client->value));
    if (rule.role) add("role", in_quotes(rule.role->value));
    if (rule.address) add("address", rule.address->text());
    return words.empty() ? "everyone" : words;
}

std::string words_of(const AclRuleConfig& rule) {
    std::string words = rule.effect == AclEffect::Allow ? "allow " : "deny ";
    words += words_of(rule.actions);
    if (!rule.topics.empty()) words += " on " + quoted(rule.topics);
    if (!rule.keys.empty()) words += " with key " + quoted(rule.keys);
    return words + " for " + who_in_words(rule);
}

std::string words_of(const SourcePlace& place) {
    return place.file + ":" + std::to_string(place.line);
}

std::string default_in_words(const Config& config) {
    if (config.acl) {
        return config.acl->default_effect == AclEffect::Allow
                   ? "default = \"allow\" (all but admin and $CONTROL)"
                   : "default = \"deny\"";
    }
    return config.auth ? "no [acl]: receive, subscribe and history are allowed to those let in, "
                         "MQTT clients are not checked"
                       : "no [auth] and no [acl]: everything is allowed, on this machine only";
}

}  // namespace rtbridge
