#include <algorithm>

#include "access/coverage.h"
#include "access/policy_index.h"
#include "topic/topic_levels.h"

namespace rtbridge {

struct Grants::State {
    std::shared_ptr<const Policy> policy;
    std::vector<WhoClasses::Class> classes;  // ascending
    std::vector<PolicyTrie::NodeIndex> roots;
    PlaceholderValues values;  // empty for those that no class uses
    bool admin = false;
    std::string canonical;

    [[nodiscard]] const Policy::Index& index() const { return policy->index(); }
    [[nodiscard]] CoverageSearch search() const { return {index(), roots, values}; }
};

namespace {

KeyQuery query_for(std::optional<std::string_view> key) {
    if (!key) return {KeyQuery::Kind::Unknown, {}};
    return {KeyQuery::Kind::Exact, *key};
}

std::string_view first_level(std::string_view topic) {
    return topic.substr(0, topic.find('/'));
}

// Class numbers, then each value that their rules use, with its length before it: no two identities
// of different rights have the same text.
std::string canonical_of(const std::vector<WhoClasses::Class>& classes,
                         const PlaceholderValues& values) {
    std::string text;
    for (const WhoClasses::Class each : classes) text += std::to_string(each) + ",";
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].empty()) continue;
        text += ";" + std::to_string(i) + "=" + std::to_string(values[i].size()) + ":" + values[i];
    }
    return text;
}

}  // namespace

Grants::Grants(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Grants::~Grants() = default;

std::shared_ptr<const Grants> Policy::grants(const Identity& identity) const {
    auto state = std::make_unique<Grants::State>();
    state->policy = shared_from_this();
    state->classes = index_->who.classes_of(identity);
    state->values.resize(index_->placeholders.size());
    ActionMasks admin;
    for (const WhoClasses::Class number : state->classes) {
        const Index::Class& each = index_->classes[number];
        state->roots.push_back(each.root);
        admin |= each.admin;
        for (const std::uint32_t used : each.placeholders) {
            state->values[used] = index_->placeholders[used].value(identity);
        }
    }
    state->admin = (admin.allow | index_->by_default).contains(Action::Admin) &&
                   !admin.deny.contains(Action::Admin);
    state->canonical = canonical_of(state->classes, state->values);
    return std::shared_ptr<const Grants>(new Grants(std::move(state)));
}

bool Grants::may(ActionSet actions, std::string_view topic,
                 std::optional<std::string_view> key) const {
    const State& state = *state_;
    if (actions.contains(Action::Admin)) {
        if (!state.admin) return false;
        actions = actions - Action::Admin;
    }
    const PolicyTrie& trie = state.index().trie;
    const KeyQuery query = query_for(key);
    ActionMasks found;
    for (const PolicyTrie::NodeIndex root : state.roots) {
        trie.match(root, topic, state.values, [&](PolicyTrie::NodeIndex node) {
            found |= trie.masks(node, state.values, query);
        });
    }
    if (found.deny.intersects(actions)) return false;
    return (found.allow | state.index().default_for(first_level(topic))).contains(actions);
}

Coverage Grants::coverage(ActionSet actions, const TopicFilter& filter,
                          const std::vector<std::string>& keys) const {
    if (actions.contains(Action::Admin)) {
        if (!state_->admin) return Coverage::None;
        actions = actions - Action::Admin;
    }
    const CoverageSearch search = state_->search();
    if (keys.empty()) return search.coverage(actions, filter.text(), nullptr);
    bool all = true;
    bool none = true;
    for (const std::string_view key : keys) {
        const Coverage one = search.coverage(actions, filter.text(), &key);
        all = all && one == Coverage::All;
        none = none && one == Coverage::None;
    }
    return all ? Coverage::All : none ? Coverage::None : Coverage::Part;
}

Coverage Grants::coverage_without_key(ActionSet actions, const TopicFilter& filter) const {
    if (actions.contains(Action::Admin)) {
        if (!state_->admin) return Coverage::None;
        actions = actions - Action::Admin;
    }
    return state_->search().coverage_without_key(actions, filter.text());
}

bool Grants::anything(ActionSet actions, std::optional<std::string_view> key) const {
    if (actions.contains(Action::Admin)) {
        if (!state_->admin) return false;
        actions = actions - Action::Admin;
    }
    return state_->search().anything(actions, key ? &*key : nullptr);
}

bool Grants::may_admin() const {
    return state_->admin;
}

Grants::Decision Grants::decide(Action action, std::string_view topic,
                                std::optional<std::string_view> key) const {
    const Policy::Index& index = state_->index();
    std::vector<std::uint32_t> rules;
    if (action == Action::Admin) {
        for (std::uint32_t rule = 0; rule < index.rules.size(); ++rule) {
            if (std::binary_search(state_->classes.begin(), state_->classes.end(),
                                   index.class_of_rule[rule])) {
                rules.push_back(rule);
            }
        }
    } else {
        rules = deciding_rules(*state_, topic, key);
    }
    Decision decision{may(action, topic, key), nullptr};
    const AclEffect effect = decision.allowed ? AclEffect::Allow : AclEffect::Deny;
    std::sort(rules.begin(), rules.end());
    for (const std::uint32_t number : rules) {
        const AclRuleConfig& rule = index.rules[number];
        if (rule.effect != effect || !rule.actions.contains(action)) continue;
        decision.rule = &rule;
        break;
    }
    return decision;
}

// The rules whose marks are on the nodes that `topic` and `key` come to. Of rules that are limited
// to keys only denies count where the key is unknown.
std::vector<std::uint32_t> Grants::deciding_rules(const State& state, std::string_view topic,
                                                  std::optional<std::string_view> key) {
    const Policy::Index& index = state.index();
    const PolicyTrie& trie = index.trie;
    std::vector<std::uint32_t> rules;
    const auto add = [&](PolicyTrie::NodeIndex node, bool denies_only) {
        auto at =
            std::lower_bound(index.marks.begin(), index.marks.end(), Policy::Index::Mark{node, 0});
        for (; at != index.marks.end() && at->node == node; ++at) {
            if (denies_only && index.rules[at->rule].effect == AclEffect::Allow) continue;
            rules.push_back(at->rule);
        }
    };
    const auto add_keys = [&](PolicyTrie::NodeIndex first) {
        for (PolicyTrie::NodeIndex at = first; at != PolicyTrie::none;
             at = trie.node(at).next_sibling) {
            const PolicyTrie::Node& node = trie.node(at);
            const bool placeholder = node.kind == PolicyTrie::Kind::PlaceholderKey;
            const std::string_view own =
                placeholder ? std::string_view(state.values[node.placeholder]) : trie.text(node);
            if (own.empty() || (key && *key != own)) continue;
            add(at, !key);
        }
    };
    for (const PolicyTrie::NodeIndex root : state.roots) {
        trie.match(root, topic, state.values, [&](PolicyTrie::NodeIndex node) {
            add(node, false);
            add_keys(trie.node(node).first_key);
            add_keys(trie.node(node).first_placeholder_key);
        });
    }
    return rules;
}

const std::string& Grants::canonical() const {
    return state_->canonical;
}

}  // namespace rtbridge
