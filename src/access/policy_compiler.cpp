#include "access/policy_compiler.h"

#include <algorithm>

#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr ActionSet read_actions = receive_live | ActionSet(Action::History);
constexpr ActionSet topic_actions = read_actions | Action::Publish | Action::PublishRetained;

ActionMasks masks_of(const AclRuleConfig& rule) {
    return rule.effect == AclEffect::Allow ? ActionMasks{rule.actions, {}}
                                           : ActionMasks{{}, rule.actions};
}

std::size_t level_count(std::string_view topic) {
    return 1 + static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
}

}  // namespace

std::optional<Policy::Index> PolicyCompiler::compile() {
    index_.by_default = by_default();
    if (config_.acl) index_.rules = config_.acl->rules;
    for (std::uint32_t number = 0; number < index_.rules.size(); ++number) add_rule(number);
    index_.trie.finish();
    std::sort(index_.marks.begin(), index_.marks.end());
    for (Policy::Index::Class& each : index_.classes) {
        std::vector<std::uint32_t>& used = each.placeholders;
        std::sort(used.begin(), used.end());
        used.erase(std::unique(used.begin(), used.end()), used.end());
    }
    if (failed_) return std::nullopt;
    return std::move(index_);
}

// Admin is not a matter of topics, so the default of [acl] doesn't give it away.
ActionSet PolicyCompiler::by_default() const {
    if (config_.acl) {
        return config_.acl->default_effect == AclEffect::Allow ? topic_actions : ActionSet();
    }
    return config_.auth ? read_actions : topic_actions | Action::Admin;
}

void PolicyCompiler::add_rule(std::uint32_t number) {
    const AclRuleConfig& rule = index_.rules[number];
    const WhoClasses::Class who = index_.who.intern(Who::of(rule));
    if (who == index_.classes.size()) {
        index_.classes.emplace_back();
        index_.classes.back().root = index_.trie.add_root();
    }
    index_.class_of_rule.push_back(who);
    if (rule.actions.contains(Action::Admin)) {
        ActionMasks admin = masks_of(rule);
        index_.classes[who].admin |= admin;
    }
    for (const Placed<std::string>& topic : rule.topics) add_topic(who, number, topic);
}

void PolicyCompiler::add_topic(WhoClasses::Class who, std::uint32_t rule_number,
                               const Placed<std::string>& topic) {
    if (const auto filter = TopicFilter::parse(topic.value); !filter.ok()) {
        mistake(topic.place, in_quotes(topic.value) + ": " + filter.error());
        return;
    }
    if (level_count(topic.value) > acl_topic_levels_max) {
        mistake(topic.place, in_quotes(topic.value) + ": a topic of an access rule has at most " +
                                 std::to_string(acl_topic_levels_max) + " levels");
        return;
    }
    using Kind = PolicyTrie::Kind;
    PolicyTrie::NodeIndex node = index_.classes[who].root;
    for (TopicLevels levels(topic.value); !levels.at_end();) {
        const std::string_view level = levels.next();
        Kind kind = level == "+" ? Kind::Single : level == "#" ? Kind::Rest : Kind::Literal;
        std::optional<std::uint32_t> number;
        if (Placeholder::has_brace(level)) {
            number = placeholder(who, topic, level);
            if (!number) return;
            kind = Kind::Placeholder;
        }
        node = index_.trie.child(node, kind, level, number.value_or(0));
    }
    const AclRuleConfig& rule = index_.rules[rule_number];
    for (const Placed<std::string>& key : rule.keys) add_key(node, who, rule_number, key);
    if (rule.keys.empty()) mark(node, rule_number);
}

void PolicyCompiler::add_key(PolicyTrie::NodeIndex topic_node, WhoClasses::Class who,
                             std::uint32_t rule_number, const Placed<std::string>& key) {
    using Kind = PolicyTrie::Kind;
    std::optional<std::uint32_t> number;
    if (Placeholder::has_brace(key.value)) {
        number = placeholder(who, key, key.value);
        if (!number) return;
    }
    mark(index_.trie.child(topic_node, number ? Kind::PlaceholderKey : Kind::Key, key.value,
                           number.value_or(0)),
         rule_number);
}

void PolicyCompiler::mark(PolicyTrie::NodeIndex node, std::uint32_t rule_number) {
    index_.trie.add_masks(node, masks_of(index_.rules[rule_number]));
    index_.marks.push_back({node, rule_number});
}

std::optional<std::uint32_t> PolicyCompiler::placeholder(WhoClasses::Class who,
                                                         const Placed<std::string>& in,
                                                         std::string_view text) {
    const auto parsed = Placeholder::parse(text);
    if (!parsed.ok()) {
        mistake(in.place, in_quotes(in.value) + ": " + parsed.error());
        return std::nullopt;
    }
    std::vector<Placeholder>& all = index_.placeholders;
    const auto known = std::find(all.begin(), all.end(), parsed.value());
    const auto number = static_cast<std::uint32_t>(known - all.begin());
    if (known == all.end()) all.push_back(parsed.value());
    index_.classes[who].placeholders.push_back(number);
    return number;
}

void PolicyCompiler::mistake(const SourcePlace& place, std::string message) {
    diagnostics_.error(place, std::move(message));
    failed_ = true;
}

}  // namespace rtbridge
