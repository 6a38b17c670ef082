#pragma once

#include <utility>
#include <vector>

#include "access/placeholder.h"
#include "access/policy.h"
#include "access/policy_trie.h"
#include "access/who.h"

namespace rtbridge {

// A compiled policy. Thread: any; immutable.
struct Policy::Index {
    // The rules that share one condition.
    struct Class {
        PolicyTrie::NodeIndex root = PolicyTrie::none;  // of the filters of these rules
        ActionMasks admin;                              // has no topic, so it is in no tree
        std::vector<std::uint32_t> placeholders;        // that these rules use, ascending
    };
    // A rule that left a mark on a node of the tree.
    struct Mark {
        PolicyTrie::NodeIndex node;
        std::uint32_t rule;
        friend auto operator<=>(const Mark&, const Mark&) = default;
    };

    std::vector<AclRuleConfig> rules;  // in file order
    ActionSet by_default;              // allowed where no rule says anything
    WhoClasses who;
    std::vector<Class> classes;             // by their numbers in `who`
    std::vector<Placeholder> placeholders;  // by their numbers in `trie`
    PolicyTrie trie;
    std::vector<Mark> marks;  // ascending
    std::vector<WhoClasses::Class> class_of_rule;

    // What the default allows on topics with this first level.
    [[nodiscard]] ActionSet default_for(std::string_view first_level) const {
        return first_level == "$CONTROL" ? ActionSet() : by_default;
    }
};

// The limit of acl.rule topics: what is deeper is an error when the policy is compiled, so that a
// decision may recurse over the levels.
inline constexpr std::size_t acl_topic_levels_max = 64;

}  // namespace rtbridge
