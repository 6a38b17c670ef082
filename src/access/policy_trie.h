#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "access/placeholder.h"
#include "config/action.h"
#include "topic/topic_levels.h"

namespace rtbridge {

// What is known of the rule key of an update, where rules are limited to keys.
struct KeyQuery {
    enum class Kind {
        Exact,     // this key
        Unknown,   // no limited allow counts, every limited deny does
        Touching,  // every limited allow counts, every limited deny does
        Possible,  // every limited allow counts, no limited deny does
    };
    Kind kind = Kind::Unknown;
    std::string_view key;
};

struct ActionMasks {
    ActionSet allow;
    ActionSet deny;
    ActionMasks& operator|=(ActionMasks other) {
        allow |= other.allow;
        deny |= other.deny;
        return *this;
    }
};

// The topic filters of all rules, one tree per class of conditions, all in one array. As in
// TopicTrie the literal children of all nodes live in one table keyed by (parent, level), so that a
// look-up costs one probe per level, whether a node has two children or ten thousand. Rules with
// the same filter meet in one node, where they are bits of a mask. A level that is a placeholder is
// a child of its own kind, compared with the identity's value; keys hang below the node of their
// filter in the same table.
//
// Thread: any, once finish() was called.
class PolicyTrie {
public:
    using NodeIndex = std::uint32_t;
    static constexpr NodeIndex none = 0;

    enum class Kind : std::uint8_t {
        Root,
        Literal,
        Single,          // '+'
        Rest,            // '#'
        Placeholder,     // a level
        Key,             // a rule key below the node of its filter
        PlaceholderKey,  // likewise
    };
    struct Node {
        NodeIndex parent = none;
        NodeIndex single = none;
        NodeIndex rest = none;
        NodeIndex first_literal = none;  // of a list by next_sibling; so are the other firsts
        NodeIndex first_placeholder = none;
        NodeIndex first_key = none;
        NodeIndex first_placeholder_key = none;
        NodeIndex next_sibling = none;
        std::uint32_t text_at = 0;  // level or key, in texts_
        std::uint32_t text_bytes = 0;
        std::uint32_t placeholder = 0;  // its number
        ActionMasks own;                // of rules whose filter (and key) ends here
        ActionMasks keys;               // of the keys below, placeholders left out
        ActionMasks below;              // own, and of all that hangs below
        Kind kind = Kind::Root;
    };

    PolicyTrie();

    [[nodiscard]] NodeIndex add_root();
    // The child of that kind, new or known. `text` counts for Literal and Key, `placeholder` for
    // Placeholder and PlaceholderKey.
    [[nodiscard]] NodeIndex child(NodeIndex parent, Kind kind, std::string_view text,
                                  std::uint32_t placeholder);
    void add_masks(NodeIndex node, ActionMasks masks) { nodes_[node].own |= masks; }
    void finish();  // call once, after the last change

    [[nodiscard]] const Node& node(NodeIndex index) const { return nodes_[index]; }
    [[nodiscard]] std::string_view text(const Node& node) const {
        return {texts_.data() + node.text_at, node.text_bytes};
    }
    [[nodiscard]] NodeIndex literal_child(NodeIndex parent, std::string_view level) const noexcept {
        return nodes_[parent].first_literal == none ? none : find(parent, Kind::Literal, level);
    }
    [[nodiscard]] NodeIndex key_child(NodeIndex parent, std::string_view key) const noexcept {
        return nodes_[parent].first_key == none ? none : find(parent, Kind::Key, key);
    }
    // Calls visit(child) for each child that is a placeholder with this value.
    template <typename Visit>
    void placeholders(NodeIndex first, std::string_view value, const PlaceholderValues& values,
                      Visit&& visit) const {
        for (NodeIndex at = first; at != none; at = nodes_[at].next_sibling) {
            const std::string& own = values[nodes_[at].placeholder];
            if (!own.empty() && own == value) visit(at);
        }
    }

    // Calls visit(node) for each filter below `root` that matches `topic`. No allocation. A first
    // level that starts with '$' is matched by that very level only.
    template <typename Visit>
    void match(NodeIndex root, std::string_view topic, const PlaceholderValues& values,
               Visit&& visit) const {
        TopicLevels levels(topic);
        if (topic.starts_with('$')) {
            const NodeIndex next = literal_child(root, levels.next());
            if (next != none) match_from(next, levels, values, visit);
        } else {
            match_from(root, levels, values, visit);
        }
    }

    // What the rules of a node say, those limited to keys included as far as `query` says.
    [[nodiscard]] ActionMasks masks(NodeIndex node, const PlaceholderValues& values,
                                    KeyQuery query) const {
        const Node& at = nodes_[node];
        if (at.first_key == none && at.first_placeholder_key == none) return at.own;
        return keyed_masks(at, node, values, query);
    }

private:
    struct Slot {
        std::uint64_t hash = 0;
        NodeIndex node = none;  // none: empty
    };

    // As deep as the tree; each node is reached by one way only.
    template <typename Visit>
    void match_from(NodeIndex index, TopicLevels levels, const PlaceholderValues& values,
                    Visit& visit) const {
        for (;;) {
            const Node& at = nodes_[index];
            if (at.rest != none) visit(at.rest);
            if (levels.at_end()) {
                visit(index);
                return;
            }
            const std::string_view level = levels.next();
            placeholders(at.first_placeholder, level, values,
                         [&](NodeIndex next) { match_from(next, levels, values, visit); });
            const NodeIndex literal = literal_child(index, level);
            if (literal != none && at.single != none) match_from(at.single, levels, values, visit);
            index = literal != none ? literal : at.single;
            if (index == none) return;
        }
    }

    [[nodiscard]] ActionMasks keyed_masks(const Node& at, NodeIndex node,
                                          const PlaceholderValues& values, KeyQuery query) const;
    [[nodiscard]] std::uint64_t hash(NodeIndex parent, Kind kind,
                                     std::string_view text) const noexcept;
    [[nodiscard]] NodeIndex find(NodeIndex parent, Kind kind, std::string_view text) const noexcept;
    [[nodiscard]] NodeIndex find_placeholder(NodeIndex first, std::uint32_t number) const noexcept;
    NodeIndex add_node(NodeIndex parent, Kind kind, std::string_view text,
                       std::uint32_t placeholder);
    void insert_slot(Slot slot) noexcept;
    void grow_table();

    std::uint64_t seed_;       // so that nobody can write rules whose levels collide
    std::vector<Node> nodes_;  // [none] is never used
    std::vector<Slot> table_;  // size is a power of two, at most half full
    std::size_t table_used_ = 0;
    std::string texts_;
};

}  // namespace rtbridge
