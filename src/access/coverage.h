#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "access/policy.h"
#include "access/policy_index.h"

namespace rtbridge {

// Which part of a topic filter some classes of conditions are allowed, exactly.
//
// A filter is allowed in whole if a generic topic of each depth is: one in which every '+' is a
// level that no rule names. What allows it allows all that it stands for, and the depths end to
// differ one level below the deepest rule. A filter is refused in whole if no intersection of it
// with the allows (which is a filter again) leaves room between the denies; that is decided by
// generic topics too.
//
// Thread: belongs to one; REQUIRES: all references outlive it.
class CoverageSearch {
public:
    CoverageSearch(const Policy::Index& index, const std::vector<PolicyTrie::NodeIndex>& roots,
                   const PlaceholderValues& values)
        : index_(index), roots_(roots), values_(values) {}

    // `key`: null = any.
    [[nodiscard]] Coverage coverage(ActionSet actions, std::string_view filter,
                                    const std::string_view* key) const;
    // As seen by those who know no keys: of limits to keys only denies count.
    [[nodiscard]] Coverage coverage_without_key(ActionSet actions, std::string_view filter) const;
    // Whether anything at all can be allowed, '$' topics included.
    [[nodiscard]] bool anything(ActionSet actions, const std::string_view* key) const;

    // Whether denies take each of `actions` away from all of `filter`, and any from a part of it.
    // Denies that are limited to keys count for the second only.
    [[nodiscard]] bool each_denied(ActionSet actions, std::string_view filter) const;
    [[nodiscard]] bool some_denied(ActionSet actions, std::string_view filter) const;

private:
    // A filter cut into its levels; '+' is a level, '#' a flag.
    struct Levels {
        std::vector<std::string_view> levels;
        bool rest = false;
        // Whether no leading wildcard stands for it (MQTT 5, 4.7.2).
        [[nodiscard]] bool hidden() const { return !levels.empty() && levels[0].starts_with('$'); }
    };
    // How far the search for something allowed goes before it takes it for found.
    struct Effort {
        std::size_t steps = 100'000;  // about a millisecond
        bool spend(std::size_t more) {
            steps -= std::min(steps, more);
            return steps > 0;
        }
    };
    static constexpr std::size_t steps_of_intersection = 20;

    [[nodiscard]] static Levels cut(std::string_view filter);
    // Allowed in whole as `whole` asks, in part as `part` does.
    [[nodiscard]] Coverage coverage(ActionSet actions, std::string_view filter, KeyQuery whole,
                                    KeyQuery part) const;
    [[nodiscard]] ActionSet default_for(const Levels& filter) const;
    // The masks of the generic topics of `filter`, from its least depth on.
    [[nodiscard]] std::vector<ActionMasks> generic(const Levels& filter, KeyQuery query) const;
    void add_generic(PolicyTrie::NodeIndex node, std::size_t depth, const Levels& filter,
                     KeyQuery query, std::vector<ActionMasks>& by_depth) const;
    [[nodiscard]] bool allowed_everywhere(ActionSet actions, const Levels& filter,
                                          KeyQuery query) const;
    [[nodiscard]] bool denied_somewhere(ActionSet actions, const Levels& filter,
                                        KeyQuery query) const;
    [[nodiscard]] bool denied_everywhere(ActionSet actions, const Levels& filter,
                                         KeyQuery query) const;
    // Whether some topic of `filter` is allowed all of `actions`, of which `missing` are those that
    // no rule on the way here allowed.
    [[nodiscard]] bool possible(ActionSet actions, ActionSet missing, const Levels& filter,
                                KeyQuery query, Effort& effort) const;

    // Calls visit(node, intersection) for each filter of the tree that shares a topic with
    // `filter`, in the subtrees that wanted(node) lets through, until it returns true.
    template <typename Wanted, typename Visit>
    bool overlaps(PolicyTrie::NodeIndex node, const Levels& filter, Levels& path,
                  const Wanted& wanted, const Visit& visit) const;

    const Policy::Index& index_;
    const std::vector<PolicyTrie::NodeIndex>& roots_;
    const PlaceholderValues& values_;
};

}  // namespace rtbridge
