#include <ostream>
#include <set>

#include "base/log.h"
#include "config/in_quotes.h"
#include "ctl/acl.h"
#include "ctl/acl_words.h"

namespace rtbridge {
namespace {

// One action on one topic with one key each, as a text: however the file spreads them over rules,
// equal sets have equal effects.
std::set<std::string> effects_of(const Config& config) {
    std::set<std::string> effects;
    if (!config.acl) return effects;
    for (const AclRuleConfig& rule : config.acl->rules) {
        const std::string who = " for " + who_in_words(rule);
        const std::string verb = rule.effect == AclEffect::Allow ? "allow " : "deny ";
        for (std::size_t i = 0; i < action_names.size(); ++i) {
            const auto action = static_cast<Action>(i);
            if (!rule.actions.contains(action)) continue;
            const std::string start = verb + std::string(name_of(action));
            if (action == Action::Admin) {
                effects.insert(start + who);
                continue;
            }
            for (const Placed<std::string>& topic : rule.topics) {
                const std::string on = start + " on " + in_quotes(topic.value);
                if (rule.keys.empty()) effects.insert(on + who);
                for (const Placed<std::string>& key : rule.keys) {
                    effects.insert(std::string(on)
                                       .append(" with key ")
                                       .append(in_quotes(key.value))
                                       .append(who));
                }
            }
        }
    }
    return effects;
}

bool print_missing(const std::set<std::string>& from, const std::set<std::string>& in,
                   std::string_view sign, std::ostream& out) {
    bool any = false;
    for (const std::string& effect : from) {
        if (in.contains(effect)) continue;
        out << sign << escape_control(effect) << "\n";
        any = true;
    }
    return any;
}

}  // namespace

bool acl_diff(const Config& before, const Config& after, std::ostream& out) {
    const std::string old_default = default_in_words(before);
    const std::string new_default = default_in_words(after);
    const bool other_default = old_default != new_default;
    if (other_default) out << "- " << old_default << "\n+ " << new_default << "\n";
    const std::set<std::string> old_effects = effects_of(before);
    const std::set<std::string> new_effects = effects_of(after);
    const bool removed = print_missing(old_effects, new_effects, "- ", out);
    const bool added = print_missing(new_effects, old_effects, "+ ", out);
    return !other_default && !removed && !added;
}

}  // namespace rtbridge
