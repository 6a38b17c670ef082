#include "rules/rule_review.h"

#include <algorithm>

#include "config/in_quotes.h"
#include "config/template_text.h"
#include "rules/own_topics.h"
#include "rules/rule.h"
#include "rules/rule_topics.h"
#include "topic/topic_levels.h"
#include "topic/topic_name.h"
#include "topic/topic_overlap.h"

namespace rtbridge {
namespace {

constexpr std::string_view payload_prefix = "payload.";

// Null, or why no publish that rules see has a topic of this filter.
const char* never_matches(const TopicFilter& filter) {
    const std::string_view text = filter.text();
    // The one below $SYS that clients may publish: bridges do.
    if (text.starts_with("$SYS/") && !text.starts_with("$SYS/broker/connection/")) {
        return "what the broker itself publishes passes no rules";
    }
    if (text.starts_with("$share/")) {
        return "$share/ is for subscriptions; write the filter behind the group";
    }
    if (text.starts_with("$CONTROL/")) return "the broker keeps such messages to itself";
    for (const std::string_view own : own_topic_prefixes) {
        if (text.starts_with(own)) return "what rtbridge itself publishes passes no rules";
    }
    if (std::count(text.begin(), text.end(), '/') > std::ptrdiff_t{topic_slashes_max}) {
        return "the broker refuses topics with more than 200 slashes";
    }
    TopicLevels levels(text);
    while (!levels.at_end()) {
        const std::string_view level = levels.next();
        if (level == "+" || level == "#" || topic_text_mistake(level) == nullptr) continue;
        return "the broker refuses topics with control characters";
    }
    return nullptr;
}

// The level is a name that [acl] fills in.
std::string without_placeholders(std::string_view topic) {
    std::string filter;
    TopicLevels levels(topic);
    for (bool first = true; !levels.at_end(); first = false) {
        const std::string_view level = levels.next();
        if (!first) filter += '/';
        filter += level.starts_with('{') ? "+" : level;
    }
    return filter;
}

bool somebody_may(Action action, const std::vector<TopicPattern>& topics, const AclConfig& acl) {
    if (acl.default_effect == AclEffect::Allow) return true;
    return std::any_of(acl.rules.begin(), acl.rules.end(), [&](const AclRuleConfig& rule) {
        if (rule.effect == AclEffect::Deny || !rule.actions.contains(action)) return false;
        return std::any_of(rule.topics.begin(), rule.topics.end(), [&](const auto& allowed) {
            const std::string filter = without_placeholders(allowed.value);
            return std::any_of(topics.begin(), topics.end(),
                               [&](const TopicPattern& topic) { return topic.overlaps(filter); });
        });
    });
}

const FieldSpec* spec_of(const RuleConfig& rule, std::string_view path) {
    for (const FieldConfig& field : rule.fields) {
        if (field.path.value == path) return &field.spec;
    }
    return nullptr;
}

bool is_text_or_bool(const FieldSpec& spec) {
    return spec.type == FieldType::String || spec.type == FieldType::Bool ||
           spec.type == FieldType::OneOf;
}

}  // namespace

RuleReview::RuleReview(const Config& config, const RuleSet& rules, Diagnostics& diagnostics)
    : config_(config), diagnostics_(diagnostics) {
    for (std::size_t i = 0; i < config.rules.size(); ++i) {
        subjects_.push_back({config.rules[i], *rules.rules()[i]});
    }
}

void RuleReview::run() {
    std::size_t topics = 0;
    for (const Subject& subject : subjects_) {
        warn_of_topics(subject);
        warn_of_useless_options(subject);
        warn_of_fields(subject);
        warn_of_state_set(subject);
        warn_of_publish_to_itself(subject);
        if (config_.acl) warn_of_access(subject);
        topics += subject.rule.topics().size();
    }
    if (topics <= topics_max) compare_rules();
}

void RuleReview::warn_of_topics(const Subject& subject) {
    const std::vector<Rule::Topic>& topics = subject.rule.topics();
    for (std::size_t i = 0; i < topics.size(); ++i) {
        const SourcePlace& place = subject.config.topics[i].place;
        const std::string name = in_quotes(topics[i].text);
        if (const char* const why = never_matches(topics[i].filter)) {
            diagnostics_.warning(place, name + " can never match: " + why);
            continue;
        }
        const auto wider = std::find_if(
            topics.begin(), topics.begin() + static_cast<std::ptrdiff_t>(i),
            [&](const Rule::Topic& earlier) {
                return rtbridge::covers(earlier.filter.text(), topics[i].filter.text());
            });
        if (wider == topics.begin() + static_cast<std::ptrdiff_t>(i)) continue;
        const bool same = wider->filter.text() == topics[i].filter.text();
        diagnostics_.warning(place,
                             name + (same ? " stands here twice, as " : " has no effect beside ") +
                                 in_quotes(wider->text) + "; remove one of them");
    }
}

void RuleReview::warn_of_useless_options(const Subject& subject) {
    const auto& [config, rule] = subject;
    if (config.on_invalid != OnInvalid::Pass && !rule.has_steps() &&
        rule.mqtt() != TowardsMqtt::Publish) {
        diagnostics_.warning(config.place_of("on_invalid"),
                             "on_invalid has no effect: nothing in this rule can refuse a message; "
                             "say what it has to have in fields");
    }
    if (config.history && config.history->last <= 1) {
        diagnostics_.warning(config.place_of("history.last"),
                             "history has no effect: browsers get the newest value without it; "
                             "raise last");
    }
}

void RuleReview::warn_of_fields(const Subject& subject) {
    const RuleConfig& rule = subject.config;
    const auto warn_if_optional = [&](std::string_view path, const std::string& key,
                                      const std::string& what) {
        const FieldSpec* const spec = spec_of(rule, path);
        if (spec == nullptr || spec->required) return;
        diagnostics_.warning(rule.place_of(key), what + " needs " + in_quotes(path) +
                                                     ", which fields allows to be missing: such "
                                                     "messages are invalid all the same");
    };
    for (const auto& [member, source] : rule.set) {
        for (const std::string_view name : names_in_braces(source)) {
            if (!name.starts_with(payload_prefix)) continue;
            warn_if_optional(name.substr(payload_prefix.size()), "set." + member, "this");
        }
    }
    for (const std::string_view name : names_in_braces(rule.publish_topic.value)) {
        if (!name.starts_with(payload_prefix)) continue;
        warn_if_optional(name.substr(payload_prefix.size()), "mqtt", "the topic");
    }
    if (rule.battery) {
        const BatteryConfig& battery = *rule.battery;
        const std::string& power = battery.power;
        const FieldSpec* const spec = spec_of(rule, power);
        const bool otherwise = (!battery.voltage.empty() && !battery.current.empty()) ||
                               (spec != nullptr && spec->fallback);
        if (!otherwise) warn_if_optional(power, "battery", "battery");
        if (spec != nullptr && is_text_or_bool(*spec)) {
            diagnostics_.warning(rule.place_of("battery"),
                                 "every message is invalid: battery needs a number in " +
                                     in_quotes(power) + ", and fields wants something else there");
        }
    }
    for (const DeadbandConfig& deadband : rule.browser.deadband) {
        const FieldSpec* const spec = spec_of(rule, deadband.field);
        if (spec == nullptr || !is_text_or_bool(*spec)) continue;
        diagnostics_.warning(rule.place_of("browser.deadband." + deadband.field),
                             in_quotes(deadband.field) +
                                 " is no number by fields, so it never differs from what was sent "
                                 "last; remove it from deadband");
    }
}

void RuleReview::warn_of_state_set(const Subject& subject) {
    if (!subject.config.battery) return;
    for (const auto& [member, source] : subject.config.set) {
        if (member != "state") continue;
        const std::vector<std::string_view> names = names_in_braces(source);
        if (std::find(names.begin(), names.end(), "payload.state") != names.end()) continue;
        diagnostics_.warning(subject.config.place_of("set.state"),
                             "this replaces the state that battery adds; give it another name, or "
                             "remove battery");
    }
}

void RuleReview::warn_of_publish_to_itself(const Subject& subject) {
    if (subject.config.publish_topic.value != "{topic}") return;
    diagnostics_.warning(subject.config.publish_topic.place,
                         "this publishes to the topic that the message came from, so MQTT "
                         "subscribers get both; write mqtt = \"replace\" for the enriched one "
                         "alone");
}

void RuleReview::warn_of_access(const Subject& subject) {
    const auto& [config, rule] = subject;
    const std::vector<TopicPattern> topics = topics_for_browsers(config, rule);
    const bool for_browsers_only =
        rule.mqtt() == TowardsMqtt::Keep && rule.on_invalid() == OnInvalid::Pass;
    if (!somebody_may(Action::Receive, topics, *config_.acl)) {
        if (!for_browsers_only) return;
        diagnostics_.warning(config.topics.front().place,
                             "nobody sees what this rule makes: no rule of [acl] allows receive on "
                             "its topics");
        return;
    }
    if (config.history && config.history->last > 1 &&
        !somebody_may(Action::History, topics, *config_.acl)) {
        diagnostics_.warning(config.place_of("history"),
                             "history has no effect: no rule of [acl] allows the action history "
                             "on these topics");
    }
}

}  // namespace rtbridge
