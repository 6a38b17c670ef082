#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/seeded_hash.h"
#include "topic/topic_filter.h"

namespace rtbridge {

// Many topic filters, each with numbers, and the question which of them match a topic.
//
// A tree of levels whose literal children all live in one open-addressed table keyed by (parent,
// level): a look-up is one probe per level, whether a node has two children or ten thousand. Its
// hash is seeded, because browsers choose filters too.
//
// Thread: belongs to one thread while it changes; any thread once it does not.
class TopicTrie {
public:
    TopicTrie();

    // An id under a filter that has it already changes nothing.
    void insert(const TopicFilter& filter, std::uint32_t id);
    // False where the filter did not have the id. Nodes that become useless are given back.
    bool erase(const TopicFilter& filter, std::uint32_t id);

    // Replaces `ids` by those of all filters that match: ascending, each once.
    // Cost: levels of `topic` times the filters that agree with it so far; the others cost nothing.
    void match(std::string_view topic, std::vector<std::uint32_t>& ids) const;

    [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.size() - free_.size(); }

private:
    using NodeIndex = std::uint32_t;
    static constexpr NodeIndex none = 0;  // the root is never a child
    static constexpr NodeIndex root = 0;

    struct Node {
        NodeIndex parent = none;
        NodeIndex single = none;  // child '+'
        NodeIndex rest = none;    // child '#'
        std::uint32_t literal_children = 0;
        std::vector<std::uint32_t> ids;  // of the filters that end here, ascending
        std::string level;
    };
    // One literal child. An empty slot has node none.
    struct Slot {
        std::uint64_t hash = 0;
        NodeIndex node = none;
    };

    [[nodiscard]] NodeIndex literal_child(NodeIndex parent, std::string_view level) const noexcept;
    [[nodiscard]] NodeIndex child(NodeIndex parent, std::string_view level) const noexcept;
    [[nodiscard]] NodeIndex find(const TopicFilter& filter) const noexcept;
    NodeIndex add_child(NodeIndex parent, std::string_view level);
    void remove_child(NodeIndex node);
    void insert_slot(Slot slot) noexcept;
    void erase_slot(std::uint64_t hash, NodeIndex node) noexcept;
    void grow_table();

    SeededHash hash_;              // of (parent, level)
    std::vector<Node> nodes_;      // [root] first
    std::vector<NodeIndex> free_;  // indexes into nodes_ to use again
    std::vector<Slot> table_;      // size is a power of two, at most half full
    std::size_t literal_count_ = 0;
};

}  // namespace rtbridge
