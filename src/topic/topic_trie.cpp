#include "topic/topic_trie.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "topic/topic_levels.h"

namespace rtbridge {
namespace {

// Branches still to be walked: a filter may have 32,768 levels, so this is no recursion, and few
// topics ever branch often, so it does not allocate for them.
class Branches {
public:
    struct Branch {
        std::uint32_t node = 0;
        TopicLevels levels;
    };

    void push(Branch branch) {
        if (count_ < near_.size()) {
            near_[count_] = branch;
        } else {
            far_.push_back(branch);
        }
        ++count_;
    }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    Branch pop() {
        --count_;
        if (count_ < near_.size()) return near_[count_];
        const Branch branch = far_.back();
        far_.pop_back();
        return branch;
    }

private:
    std::array<Branch, 8> near_;
    std::vector<Branch> far_;
    std::size_t count_ = 0;
};

}  // namespace

TopicTrie::TopicTrie() : nodes_(1), table_(16) {}

void TopicTrie::insert(const TopicFilter& filter, std::uint32_t id) {
    NodeIndex node = root;
    for (TopicLevels levels(filter.text()); !levels.at_end();) {
        const std::string_view level = levels.next();
        const NodeIndex next = child(node, level);
        node = next != none ? next : add_child(node, level);
    }
    std::vector<std::uint32_t>& ids = nodes_[node].ids;
    const auto place = std::lower_bound(ids.begin(), ids.end(), id);
    if (place == ids.end() || *place != id) ids.insert(place, id);
}

bool TopicTrie::erase(const TopicFilter& filter, std::uint32_t id) {
    NodeIndex node = find(filter);
    if (node == none) return false;
    std::vector<std::uint32_t>& ids = nodes_[node].ids;
    const auto place = std::lower_bound(ids.begin(), ids.end(), id);
    if (place == ids.end() || *place != id) return false;
    ids.erase(place);
    const auto useless = [this](NodeIndex index) {
        const Node& n = nodes_[index];
        return n.ids.empty() && n.literal_children == 0 && n.single == none && n.rest == none;
    };
    while (node != root && useless(node)) {
        const NodeIndex parent = nodes_[node].parent;
        remove_child(node);
        node = parent;
    }
    return true;
}

void TopicTrie::match(std::string_view topic, std::vector<std::uint32_t>& ids) const {
    ids.clear();
    std::size_t sources = 0;
    const auto add = [&](NodeIndex node) {
        const std::vector<std::uint32_t>& more = nodes_[node].ids;
        if (more.empty()) return;
        ids.insert(ids.end(), more.begin(), more.end());
        ++sources;
    };
    const bool hidden = topic.starts_with('$');  // from leading wildcards (MQTT 5, 4.7.2)
    Branches branches;
    branches.push({root, TopicLevels(topic)});
    while (!branches.empty()) {
        auto [node, levels] = branches.pop();
        for (;;) {
            const bool wildcards = !hidden || node != root;
            const Node& at = nodes_[node];
            if (at.rest != none && wildcards) add(at.rest);
            if (levels.at_end()) {
                add(node);
                break;
            }
            const std::string_view level = levels.next();
            const NodeIndex literal = at.literal_children > 0 ? literal_child(node, level) : none;
            const NodeIndex single = wildcards ? at.single : none;
            if (literal != none && single != none) branches.push({single, levels});
            node = literal != none ? literal : single;
            if (node == none) break;
        }
    }
    if (sources < 2) return;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

TopicTrie::NodeIndex TopicTrie::literal_child(NodeIndex parent,
                                              std::string_view level) const noexcept {
    const std::uint64_t wanted = hash_(parent, level);
    const std::size_t mask = table_.size() - 1;
    for (std::size_t i = wanted & mask; table_[i].node != none; i = (i + 1) & mask) {
        if (table_[i].hash != wanted) continue;
        const Node& node = nodes_[table_[i].node];
        if (node.parent == parent && node.level == level) return table_[i].node;
    }
    return none;
}

TopicTrie::NodeIndex TopicTrie::child(NodeIndex parent, std::string_view level) const noexcept {
    if (level == "+") return nodes_[parent].single;
    if (level == "#") return nodes_[parent].rest;
    return literal_child(parent, level);
}

TopicTrie::NodeIndex TopicTrie::find(const TopicFilter& filter) const noexcept {
    NodeIndex node = root;
    for (TopicLevels levels(filter.text()); !levels.at_end();) {
        node = child(node, levels.next());
        if (node == none) return none;
    }
    return node;
}

TopicTrie::NodeIndex TopicTrie::add_child(NodeIndex parent, std::string_view level) {
    NodeIndex index = static_cast<NodeIndex>(nodes_.size());
    if (free_.empty()) {
        nodes_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    Node& node = nodes_[index];
    node.parent = parent;
    node.level = level;
    if (level == "+") {
        nodes_[parent].single = index;
    } else if (level == "#") {
        nodes_[parent].rest = index;
    } else {
        if ((literal_count_ + 1) * 2 > table_.size()) grow_table();
        insert_slot({hash_(parent, level), index});
        ++literal_count_;
        ++nodes_[parent].literal_children;
    }
    return index;
}

void TopicTrie::remove_child(NodeIndex index) {
    Node& node = nodes_[index];
    Node& parent = nodes_[node.parent];
    if (parent.single == index) {
        parent.single = none;
    } else if (parent.rest == index) {
        parent.rest = none;
    } else {
        erase_slot(hash_(node.parent, node.level), index);
        --literal_count_;
        --parent.literal_children;
    }
    node = Node();
    free_.push_back(index);
}

void TopicTrie::insert_slot(Slot slot) noexcept {
    const std::size_t mask = table_.size() - 1;
    std::size_t i = slot.hash & mask;
    while (table_[i].node != none) i = (i + 1) & mask;
    table_[i] = slot;
}

// Closes the gap by moving later slots of the same run forward, so that no tombstones pile up.
void TopicTrie::erase_slot(std::uint64_t hash, NodeIndex node) noexcept {
    const std::size_t mask = table_.size() - 1;
    std::size_t gap = hash & mask;
    while (table_[gap].node != node) gap = (gap + 1) & mask;
    for (std::size_t i = (gap + 1) & mask; table_[i].node != none; i = (i + 1) & mask) {
        const std::size_t home = table_[i].hash & mask;
        if (((i - home) & mask) < ((i - gap) & mask)) continue;  // its home is behind the gap
        table_[gap] = table_[i];
        gap = i;
    }
    table_[gap] = Slot();
}

void TopicTrie::grow_table() {
    std::vector<Slot> old(table_.size() * 2);
    old.swap(table_);
    for (const Slot& slot : old) {
        if (slot.node != none) insert_slot(slot);
    }
}

}  // namespace rtbridge
