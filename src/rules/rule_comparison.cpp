#include <algorithm>

#include "config/in_quotes.h"
#include "config/template_text.h"
#include "rules/rule.h"
#include "rules/rule_review.h"
#include "rules/rule_topics.h"

// The part of the review that compares rules.

namespace rtbridge {
namespace {

constexpr std::string_view payload_prefix = "payload.";

std::string line_of(const SourcePlace& place, const SourcePlace& seen_from) {
    std::string text = "line " + std::to_string(place.line);
    if (place.file != seen_from.file) text += " of " + place.file;
    return text;
}

// Whether one may refuse a payload that the other one takes.
bool may_refuse_more(const RuleConfig& rule, const RuleConfig& than) {
    if (!rule.fields.empty() || rule.mqtt == TowardsMqtt::Publish) return true;
    if (!rule.compute.empty() || !rule.classify.empty() || !rule.map.empty()) return true;
    if (rule.battery && !than.battery) return true;
    const bool takes_anything = than.fields.empty() && !than.battery && than.compute.empty() &&
                                than.classify.empty() && than.map.empty() && than.set.empty();
    if (!rule.set.empty() && takes_anything) return true;
    return std::any_of(rule.set.begin(), rule.set.end(), [](const auto& member) {
        const std::vector<std::string_view> names = names_in_braces(member.second);
        return std::any_of(names.begin(), names.end(), [](std::string_view name) {
            return name.starts_with("payload") || name == "key";
        });
    });
}

// Whether browsers are told the same by both, so that they are told once.
bool tell_the_same(const RuleConfig& a, const RuleConfig& b) {
    const auto text_of = [](const auto& source) { return source ? to_toml(*source) : ""; };
    const std::string key_a = a.key ? a.key->value : "";
    const std::string key_b = b.key ? b.key->value : "";
    return key_a == key_b && a.browser.event == b.browser.event &&
           text_of(a.browser.body) == text_of(b.browser.body) && a.mqtt != TowardsMqtt::Publish &&
           b.mqtt != TowardsMqtt::Publish;
}

bool has_browser_options(const RuleConfig& rule) {
    return rule.browser.thins() || rule.history.has_value();
}

}  // namespace

std::vector<RuleReview::Write> RuleReview::writes_of(const RuleConfig& rule) {
    std::vector<Write> writes;
    if (rule.battery) {
        const BatteryConfig& battery = *rule.battery;
        writes.push_back({"state",
                          "battery " + battery.power + " " + std::to_string(battery.idle_below) +
                              (battery.positive == PowerSign::PositiveIsCharging ? "+" : "-"),
                          "battery"});
    }
    for (const auto& [name, expression] : rule.compute) {
        writes.push_back({name.value, expression.value, "compute." + name.value});
    }
    for (const ClassifyConfig& classify : rule.classify) {
        writes.push_back({classify.name.value, "classify", "classify." + classify.name.value});
    }
    for (const MapConfig& map : rule.map) {
        writes.push_back({map.name.value, "map", "map." + map.name.value});
    }
    for (const auto& [member, source] : rule.set) {
        writes.push_back({member, to_toml(source), "set." + member});
    }
    return writes;
}

void RuleReview::compare_rules() {
    for (std::size_t later = 0; later < subjects_.size(); ++later) {
        // What is gathered is of no message, and on a topic of its own.
        if (subjects_[later].config.gather) continue;
        warn_of_publish_to_inputs(subjects_[later]);
        warn_of_useless_replace(later);
        warn_of_shadowed(later);
        for (std::size_t earlier = 0; earlier < later; ++earlier) warn_of_values(earlier, later);
    }
}

void RuleReview::warn_of_publish_to_inputs(const Subject& subject) {
    const auto& [config, rule] = subject;
    if (rule.mqtt() != TowardsMqtt::Publish || config.publish_topic.value == "{topic}") return;
    const std::vector<TopicPattern> targets = topics_for_browsers(config, rule);
    for (const auto& [other_config, other] : subjects_) {
        for (const Rule::Topic& topic : other.topics()) {
            const auto target = std::find_if(
                targets.begin(), targets.end(),
                [&](const TopicPattern& each) { return each.overlaps(topic.filter.text()); });
            if (target == targets.end()) continue;
            const std::string whose =
                &other == &rule
                    ? "this rule"
                    : "rule " + in_quotes(other.name()) + " (" +
                          line_of(other_config.name.place, config.publish_topic.place) + ")";
            diagnostics_.warning(config.publish_topic.place,
                                 "what this publishes is within " + in_quotes(topic.text) + " of " +
                                     whose + ", but passes no rules again: it is seen as it is");
            return;
        }
    }
}

void RuleReview::warn_of_useless_replace(std::size_t at) {
    const auto& [config, rule] = subjects_[at];
    if (rule.mqtt() != TowardsMqtt::Replace || rule.changes_payload()) return;
    for (std::size_t i = 0; i < at; ++i) {
        if (subjects_[i].rule.changes_payload() && overlap(subjects_[i].rule, rule)) return;
    }
    diagnostics_.warning(config.place_of("mqtt"),
                         "mqtt = \"replace\" has no effect: neither this rule nor one before it "
                         "changes these messages");
}

void RuleReview::warn_of_shadowed(std::size_t at) {
    const auto& [config, rule] = subjects_[at];
    const bool options = has_browser_options(config);
    const bool plain = !rule.has_steps() && rule.mqtt() == TowardsMqtt::Keep;
    if (!options && !plain) return;
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
        const auto& [other_config, other] = subjects_[i];
        const bool earlier = i < at;
        if (i == at || other_config.gather || other.has_steps() ||
            !tell_the_same(config, other_config))
            continue;
        if (!covers(other, rule)) continue;
        const std::string whose = "rule " + in_quotes(other.name()) + " (" +
                                  line_of(other_config.name.place, config.name.place) + ")";
        if (options && earlier) {
            const char* const key = config.browser.thins() ? "browser" : "history";
            diagnostics_.warning(config.place_of(key),
                                 std::string(key) + " has no effect: " + whose +
                                     " tells browsers the same of all these messages and comes "
                                     "first, so its options count");
            return;
        }
        const bool first_counts = !earlier && has_browser_options(other_config);
        if (plain && !options && !first_counts && (earlier || !covers(rule, other))) {
            diagnostics_.warning(config.name.place,
                                 "this rule has no effect: " + whose +
                                     " tells browsers the same of all its messages");
            return;
        }
    }
}

// Whether somebody gets to see what `earlier` wrote before `later` writes it anew.
bool RuleReview::value_survives(std::size_t earlier, std::size_t later,
                                std::string_view member) const {
    const std::string name = std::string(payload_prefix).append(member);
    const auto reads = [&](const RuleConfig& rule) {
        // Those of expressions and tables are not looked into.
        if (!rule.compute.empty() || !rule.classify.empty() || !rule.map.empty()) return true;
        return std::any_of(rule.set.begin(), rule.set.end(), [&](const auto& each) {
            const std::vector<std::string_view> names = names_in_braces(each.second);
            return std::any_of(names.begin(), names.end(), [&](std::string_view used) {
                return used == "payload" || used.starts_with(name);
            });
        });
    };
    const bool replaced_anyway = subjects_[later].config.mqtt == TowardsMqtt::Replace;
    for (std::size_t i = earlier; i <= later; ++i) {
        const RuleConfig& rule = subjects_[i].config;
        if (i > earlier && reads(rule)) return true;
        const bool renamed =
            std::any_of(rule.rename.begin(), rule.rename.end(),
                        [&](const RenameConfig& each) { return each.from.value == member; });
        if (renamed) return true;
        if (rule.mqtt == TowardsMqtt::Publish && i < later) return true;
        if (rule.mqtt == TowardsMqtt::Replace && i < later && !replaced_anyway) return true;
    }
    return may_refuse_more(subjects_[later].config, subjects_[earlier].config);
}

void RuleReview::warn_of_values(std::size_t earlier, std::size_t later) {
    const auto& [first_config, first] = subjects_[earlier];
    const auto& [last_config, last] = subjects_[later];
    if (first_config.gather || last_config.gather) return;
    if (!first.changes_payload() || !last.changes_payload() || !overlap(first, last)) return;
    const bool all = covers(last, first);
    if (!all && covers(first, last)) return;  // an exception
    const std::optional<std::string> where = all ? std::nullopt : crossing(first, last);
    if (!all && !where) return;
    for (const Write& write : writes_of(first_config)) {
        for (const Write& again : writes_of(last_config)) {
            if (write.member != again.member || write.value == again.value) continue;
            if (value_survives(earlier, later, write.member)) continue;
            if (all) {
                diagnostics_.warning(
                    first_config.place_of(write.key),
                    in_quotes(write.member) + " of this rule is never seen: rule " +
                        in_quotes(last.name()) + " (" +
                        line_of(last_config.name.place, first_config.name.place) +
                        ") comes later, matches all these messages too and sets it anew");
            } else {
                diagnostics_.warning(last_config.place_of(again.key),
                                     "rule " + in_quotes(first.name()) + " (" +
                                         line_of(first_config.name.place, last_config.name.place) +
                                         ") sets " + in_quotes(write.member) +
                                         " otherwise; where both match, as " + in_quotes(*where) +
                                         ", this one wins because it comes later");
            }
        }
    }
}

}  // namespace rtbridge
