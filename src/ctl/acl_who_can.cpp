#include <algorithm>
#include <map>
#include <ostream>

#include "access/glob.h"
#include "access/placeholder.h"
#include "access/policy_index.h"
#include "base/log.h"
#include "config/in_quotes.h"
#include "ctl/acl.h"
#include "ctl/acl_words.h"
#include "topic/topic_levels.h"

namespace rtbridge {
namespace {

// What placeholders have to stand for, by their text.
using Bindings = std::map<std::string, std::string, std::less<>>;

// Whether `text`, a level or key of a rule, can stand for `value`; adds what that takes.
bool stands_for(std::string_view text, std::string_view value, Bindings& bindings) {
    if (!Placeholder::has_brace(text)) return text == value;
    if (value.empty()) return false;
    const auto [known, is_new] = bindings.emplace(text, value);
    return is_new || known->second == value;
}

bool topic_stands_for(std::string_view filter, std::string_view topic, Bindings& bindings) {
    TopicLevels filter_levels(filter);
    TopicLevels topic_levels(topic);
    for (bool first = true; !filter_levels.at_end(); first = false) {
        const std::string_view wanted = filter_levels.next();
        if (first && topic.starts_with('$') && wanted != TopicLevels(topic).next()) return false;
        if (wanted == "#") return true;
        if (topic_levels.at_end()) return false;
        const std::string_view level = topic_levels.next();
        if (wanted != "+" && !stands_for(wanted, level, bindings)) return false;
    }
    return topic_levels.at_end();
}

bool agrees(const std::optional<Placed<std::string>>& glob, std::string_view placeholder,
            const Bindings& bindings) {
    const auto bound = bindings.find(placeholder);
    return !glob || bound == bindings.end() || glob_matches(glob->value, bound->second);
}

// Each way in which the rule concerns `topic` and `key`.
std::vector<Bindings> ways(const AclRuleConfig& rule, const AclQuestion& question) {
    std::vector<Bindings> found;
    const auto add = [&](const Bindings& bindings) {
        if (!agrees(rule.user, "{user}", bindings) || !agrees(rule.client, "{client}", bindings)) {
            return;
        }
        if (std::find(found.begin(), found.end(), bindings) == found.end()) {
            found.push_back(bindings);
        }
    };
    for (const Placed<std::string>& topic : rule.topics) {
        Bindings by_topic;
        if (!topic_stands_for(topic.value, question.topic, by_topic)) continue;
        if (rule.keys.empty()) add(by_topic);
        for (const Placed<std::string>& key : rule.keys) {
            Bindings both = by_topic;
            if (!question.key) {
                both.emplace("key", key.value);
                add(both);
            } else if (stands_for(key.value, *question.key, both)) {
                add(both);
            }
        }
    }
    return found;
}

std::string condition(const AclRuleConfig& rule, const Bindings& bindings) {
    std::string text = who_in_words(rule);
    for (const auto& [name, value] : bindings) {
        text += (text == "everyone" ? " whose " : " and ") + name + " is " + in_quotes(value);
    }
    return text;
}

// Returns how many lines it printed.
int print_rules(const Config& config, const AclQuestion& question, Action action, AclEffect effect,
                std::ostream& out) {
    int lines = 0;
    if (!config.acl) return lines;
    for (const AclRuleConfig& rule : config.acl->rules) {
        if (rule.effect != effect || !rule.actions.contains(action)) continue;
        const std::vector<Bindings> found =
            action == Action::Admin ? std::vector<Bindings>(1) : ways(rule, question);
        for (const Bindings& bindings : found) {
            out << (effect == AclEffect::Allow ? "  allowed  " : "  denied   ")
                << escape_control(condition(rule, bindings)) << "  (" << words_of(rule.place)
                << ")\n";
            ++lines;
        }
    }
    return lines;
}

bool default_allows(const Configuration& configuration, Action action, const std::string& topic) {
    const Policy::Index& index = configuration.access->policy->index();
    return index.default_for(TopicLevels(topic).next()).contains(action);
}

}  // namespace

bool acl_who_can(const Configuration& configuration, const AclQuestion& question,
                 std::ostream& out) {
    const ActionSet needed = needed_for(question.action);
    bool all = true;
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        const auto action = static_cast<Action>(i);
        if (!needed.contains(action)) continue;
        out << name_of(action) << "\n";
        const bool by_default = default_allows(configuration, action, question.topic);
        const int allows =
            print_rules(configuration.config, question, action, AclEffect::Allow, out);
        if (by_default)
            out << "  allowed  everyone  (" << default_in_words(configuration.config) << ")\n";
        if (allows == 0 && !by_default) {
            out << "  nobody: no rule allows it\n";
            all = false;
            continue;
        }
        (void)print_rules(configuration.config, question, action, AclEffect::Deny, out);
    }
    if (needed != ActionSet(question.action))
        out << "All of " << words_of(needed) << " are needed.\n";
    return all;
}

}  // namespace rtbridge
