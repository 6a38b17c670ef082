#include "access/coverage.h"

#include <algorithm>

namespace rtbridge {
namespace {

constexpr std::string_view any_level = "+";
// A first level as of an unknown '$' topic: rules and topics have no NUL.
constexpr std::string_view unknown_dollar_topics{"$\0/#", 4};

}  // namespace

CoverageSearch::Levels CoverageSearch::cut(std::string_view filter) {
    Levels cut;
    for (TopicLevels levels(filter); !levels.at_end();) {
        const std::string_view level = levels.next();
        if (level == "#") {
            cut.rest = true;
        } else {
            cut.levels.push_back(level);
        }
    }
    return cut;
}

ActionSet CoverageSearch::default_for(const Levels& filter) const {
    return index_.default_for(filter.levels.empty() ? std::string_view() : filter.levels[0]);
}

Coverage CoverageSearch::coverage(ActionSet actions, std::string_view filter,
                                  const std::string_view* key) const {
    using Kind = KeyQuery::Kind;
    if (key == nullptr)
        return coverage(actions, filter, {Kind::Touching, {}}, {Kind::Possible, {}});
    const KeyQuery exact{Kind::Exact, *key};
    return coverage(actions, filter, exact, exact);
}

Coverage CoverageSearch::coverage_without_key(ActionSet actions, std::string_view filter) const {
    const KeyQuery unknown{KeyQuery::Kind::Unknown, {}};
    return coverage(actions, filter, unknown, unknown);
}

Coverage CoverageSearch::coverage(ActionSet actions, std::string_view filter, KeyQuery whole,
                                  KeyQuery part) const {
    const Levels levels = cut(filter);
    if (allowed_everywhere(actions, levels, whole) && !denied_somewhere(actions, levels, whole)) {
        return Coverage::All;
    }
    Effort effort;
    const bool some = possible(actions, actions - default_for(levels), levels, part, effort);
    return some ? Coverage::Part : Coverage::None;
}

bool CoverageSearch::anything(ActionSet actions, const std::string_view* key) const {
    const auto some = [&](std::string_view filter) {
        return coverage(actions, filter, key) != Coverage::None;
    };
    if (some("#") || some(unknown_dollar_topics)) return true;
    for (const PolicyTrie::NodeIndex root : roots_) {
        PolicyTrie::NodeIndex child = index_.trie.node(root).first_literal;
        for (; child != PolicyTrie::none; child = index_.trie.node(child).next_sibling) {
            const std::string_view level = index_.trie.text(index_.trie.node(child));
            if (level.starts_with('$') && some(std::string(level) + "/#")) return true;
        }
    }
    return false;
}

bool CoverageSearch::each_denied(ActionSet actions, std::string_view filter) const {
    const std::vector<ActionMasks> by_depth = generic(cut(filter), {KeyQuery::Kind::Possible, {}});
    return !actions.empty() &&
           std::all_of(by_depth.begin(), by_depth.end(),
                       [&](const ActionMasks& masks) { return masks.deny.contains(actions); });
}

bool CoverageSearch::some_denied(ActionSet actions, std::string_view filter) const {
    return denied_somewhere(actions, cut(filter), {KeyQuery::Kind::Touching, {}});
}

std::vector<ActionMasks> CoverageSearch::generic(const Levels& filter, KeyQuery query) const {
    const std::size_t least = filter.levels.size();
    const std::size_t most = filter.rest ? std::max(least, acl_topic_levels_max + 1) : least;
    std::vector<ActionMasks> by_depth(most - least + 1);
    for (const PolicyTrie::NodeIndex root : roots_) add_generic(root, 0, filter, query, by_depth);
    // There is no topic without a level.
    if (least == 0) by_depth.erase(by_depth.begin());
    return by_depth;
}

void CoverageSearch::add_generic(PolicyTrie::NodeIndex node, std::size_t depth,
                                 const Levels& filter, KeyQuery query,
                                 std::vector<ActionMasks>& by_depth) const {
    const PolicyTrie::Node& at = index_.trie.node(node);
    const std::size_t least = filter.levels.size();
    const bool wildcards = depth > 0 || !filter.hidden();
    if (at.rest != PolicyTrie::none && wildcards) {
        const ActionMasks masks = index_.trie.masks(at.rest, values_, query);
        const std::size_t from = std::max(depth, least) - least;
        for (std::size_t i = from; i < by_depth.size(); ++i) by_depth[i] |= masks;
    }
    if (depth >= least) {
        if (depth - least < by_depth.size()) {
            by_depth[depth - least] |= index_.trie.masks(node, values_, query);
        }
        if (!filter.rest) return;
    }
    const auto go_on = [&](PolicyTrie::NodeIndex next) {
        add_generic(next, depth + 1, filter, query, by_depth);
    };
    if (at.single != PolicyTrie::none && wildcards) go_on(at.single);
    if (depth >= least || filter.levels[depth] == any_level) return;
    const std::string_view level = filter.levels[depth];
    if (wildcards) index_.trie.placeholders(at.first_placeholder, level, values_, go_on);
    const PolicyTrie::NodeIndex literal = index_.trie.literal_child(node, level);
    if (literal != PolicyTrie::none) go_on(literal);
}

bool CoverageSearch::allowed_everywhere(ActionSet actions, const Levels& filter,
                                        KeyQuery query) const {
    const ActionSet by_default = default_for(filter);
    if (by_default.contains(actions)) return true;
    const std::vector<ActionMasks> by_depth = generic(filter, query);
    return std::all_of(by_depth.begin(), by_depth.end(), [&](const ActionMasks& masks) {
        return (masks.allow | by_default).contains(actions);
    });
}

bool CoverageSearch::denied_somewhere(ActionSet actions, const Levels& filter,
                                      KeyQuery query) const {
    const auto wanted = [&](const PolicyTrie::Node& at) {
        return at.below.deny.intersects(actions);
    };
    Levels path;
    return std::any_of(roots_.begin(), roots_.end(), [&](PolicyTrie::NodeIndex root) {
        return overlaps(root, filter, path, wanted, [&](PolicyTrie::NodeIndex node, const Levels&) {
            return index_.trie.masks(node, values_, query).deny.intersects(actions);
        });
    });
}

bool CoverageSearch::denied_everywhere(ActionSet actions, const Levels& filter,
                                       KeyQuery query) const {
    const std::vector<ActionMasks> by_depth = generic(filter, query);
    return std::all_of(by_depth.begin(), by_depth.end(),
                       [&](const ActionMasks& masks) { return masks.deny.intersects(actions); });
}

bool CoverageSearch::possible(ActionSet actions, ActionSet missing, const Levels& filter,
                              KeyQuery query, Effort& effort) const {
    if (!effort.spend(steps_of_intersection)) return true;
    if (denied_everywhere(actions, filter, query)) return false;
    if (missing.empty()) return true;
    const auto wanted = [&](const PolicyTrie::Node& at) {
        return at.below.allow.intersects(missing) && effort.spend(1);
    };
    Levels path;
    const bool found = std::any_of(roots_.begin(), roots_.end(), [&](PolicyTrie::NodeIndex root) {
        return overlaps(root, filter, path, wanted,
                        [&](PolicyTrie::NodeIndex node, const Levels& intersection) {
                            const ActionSet allow = index_.trie.masks(node, values_, query).allow;
                            return allow.intersects(missing) &&
                                   possible(actions, missing - allow, intersection, query, effort);
                        });
    });
    return found || effort.steps == 0;
}

template <typename Wanted, typename Visit>
bool CoverageSearch::overlaps(PolicyTrie::NodeIndex node, const Levels& filter, Levels& path,
                              const Wanted& wanted, const Visit& visit) const {
    const PolicyTrie& trie = index_.trie;
    const PolicyTrie::Node& at = trie.node(node);
    if (!wanted(at)) return false;
    const std::size_t depth = path.levels.size();
    const std::size_t least = filter.levels.size();
    const bool wildcards = depth > 0 || !filter.hidden();
    if (at.rest != PolicyTrie::none && wildcards) {
        Levels both = path;
        if (depth < least) {
            both.levels.insert(both.levels.end(),
                               filter.levels.begin() + static_cast<std::ptrdiff_t>(depth),
                               filter.levels.end());
        }
        both.rest = filter.rest;
        if (visit(at.rest, both)) return true;
    }
    if (depth >= least && visit(node, path)) return true;
    if (depth >= least && !filter.rest) return false;

    const std::string_view level = depth < least ? filter.levels[depth] : any_level;
    const auto go_on = [&](PolicyTrie::NodeIndex next, std::string_view both) {
        path.levels.push_back(both);
        const bool found = overlaps(next, filter, path, wanted, visit);
        path.levels.pop_back();
        return found;
    };
    if (at.single != PolicyTrie::none && wildcards && go_on(at.single, level)) return true;
    if (level != any_level) {
        const PolicyTrie::NodeIndex literal = trie.literal_child(node, level);
        if (literal != PolicyTrie::none && go_on(literal, level)) return true;
    } else {
        for (PolicyTrie::NodeIndex next = at.first_literal; next != PolicyTrie::none;
             next = trie.node(next).next_sibling) {
            const std::string_view text = trie.text(trie.node(next));
            if (depth == 0 && text.starts_with('$')) continue;  // not what a wildcard stands for
            if (go_on(next, text)) return true;
        }
    }
    for (PolicyTrie::NodeIndex next = at.first_placeholder; next != PolicyTrie::none;
         next = trie.node(next).next_sibling) {
        const std::string_view value = values_[trie.node(next).placeholder];
        const bool fits = !value.empty() && (level == any_level || level == value) &&
                          (depth > 0 || !value.starts_with('$'));
        if (fits && go_on(next, value)) return true;
    }
    return false;
}

}  // namespace rtbridge
