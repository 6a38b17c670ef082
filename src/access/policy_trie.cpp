#include "access/policy_trie.h"

#include <cstring>
#include <random>

namespace rtbridge {
namespace {

std::uint64_t mixed(std::uint64_t value) noexcept {
    value *= 0x9E3779B97F4A7C15U;  // golden ratio: spreads small numbers
    value ^= value >> 32U;
    value *= 0xFF51AFD7ED558CCDU;
    return value ^ (value >> 29U);
}

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
}

bool is_in_table(PolicyTrie::Kind kind) {
    return kind == PolicyTrie::Kind::Literal || kind == PolicyTrie::Kind::Key;
}

}  // namespace

PolicyTrie::PolicyTrie() : seed_(random_seed()), nodes_(1), table_(16) {}

PolicyTrie::NodeIndex PolicyTrie::add_root() {
    nodes_.emplace_back();
    return static_cast<NodeIndex>(nodes_.size() - 1);
}

PolicyTrie::NodeIndex PolicyTrie::child(NodeIndex parent, Kind kind, std::string_view text,
                                        std::uint32_t placeholder) {
    const Node& at = nodes_[parent];
    NodeIndex known = none;
    switch (kind) {
        case Kind::Root:
            break;
        case Kind::Literal:
        case Kind::Key:
            known = find(parent, kind, text);
            break;
        case Kind::Single:
            known = at.single;
            break;
        case Kind::Rest:
            known = at.rest;
            break;
        case Kind::Placeholder:
            known = find_placeholder(at.first_placeholder, placeholder);
            break;
        case Kind::PlaceholderKey:
            known = find_placeholder(at.first_placeholder_key, placeholder);
            break;
    }
    return known != none ? known : add_node(parent, kind, text, placeholder);
}

// Children have higher numbers than their parents, so one way back passes everything upwards.
void PolicyTrie::finish() {
    for (NodeIndex index = static_cast<NodeIndex>(nodes_.size()); --index > none;) {
        Node& at = nodes_[index];
        at.below |= at.own;
        if (at.parent == none) continue;
        nodes_[at.parent].below |= at.below;
        if (at.kind == Kind::Key) nodes_[at.parent].keys |= at.own;
    }
}

ActionMasks PolicyTrie::keyed_masks(const Node& at, NodeIndex node, const PlaceholderValues& values,
                                    KeyQuery query) const {
    ActionMasks found = at.own;
    if (query.kind == KeyQuery::Kind::Exact) {
        if (const NodeIndex key = key_child(node, query.key)) found |= nodes_[key].own;
        placeholders(at.first_placeholder_key, query.key, values,
                     [&](NodeIndex key) { found |= nodes_[key].own; });
        return found;
    }
    ActionMasks keyed = at.keys;
    for (NodeIndex key = at.first_placeholder_key; key != none; key = nodes_[key].next_sibling) {
        if (!values[nodes_[key].placeholder].empty()) keyed |= nodes_[key].own;
    }
    if (query.kind != KeyQuery::Kind::Unknown) found.allow |= keyed.allow;
    if (query.kind != KeyQuery::Kind::Possible) found.deny |= keyed.deny;
    return found;
}

std::uint64_t PolicyTrie::hash(NodeIndex parent, Kind kind, std::string_view text) const noexcept {
    std::uint64_t state =
        seed_ ^ mixed((std::uint64_t{parent} << 8U) + static_cast<std::uint64_t>(kind) + 1);
    while (text.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), sizeof(word));
        state = mixed(state ^ word);
        text.remove_prefix(sizeof(word));
    }
    std::uint64_t tail = text.size() + 1;
    for (const char c : text) tail = (tail << 8U) | static_cast<unsigned char>(c);
    return mixed(state ^ tail);
}

PolicyTrie::NodeIndex PolicyTrie::find(NodeIndex parent, Kind kind,
                                       std::string_view wanted) const noexcept {
    const std::uint64_t wanted_hash = hash(parent, kind, wanted);
    const std::size_t mask = table_.size() - 1;
    for (std::size_t i = wanted_hash & mask; table_[i].node != none; i = (i + 1) & mask) {
        if (table_[i].hash != wanted_hash) continue;
        const Node& at = nodes_[table_[i].node];
        if (at.parent == parent && at.kind == kind && text(at) == wanted) return table_[i].node;
    }
    return none;
}

PolicyTrie::NodeIndex PolicyTrie::find_placeholder(NodeIndex first,
                                                   std::uint32_t number) const noexcept {
    NodeIndex at = first;
    while (at != none && nodes_[at].placeholder != number) at = nodes_[at].next_sibling;
    return at;
}

PolicyTrie::NodeIndex PolicyTrie::add_node(NodeIndex parent, Kind kind, std::string_view text,
                                           std::uint32_t placeholder) {
    const auto index = static_cast<NodeIndex>(nodes_.size());
    Node& added = nodes_.emplace_back();
    added.parent = parent;
    added.kind = kind;
    added.placeholder = placeholder;
    const auto link = [&](NodeIndex Node::*first) {
        added.next_sibling = nodes_[parent].*first;
        nodes_[parent].*first = index;
    };
    switch (kind) {
        case Kind::Root:
            break;
        case Kind::Literal:
            link(&Node::first_literal);
            break;
        case Kind::Key:
            link(&Node::first_key);
            break;
        case Kind::Single:
            nodes_[parent].single = index;
            break;
        case Kind::Rest:
            nodes_[parent].rest = index;
            break;
        case Kind::Placeholder:
            link(&Node::first_placeholder);
            break;
        case Kind::PlaceholderKey:
            link(&Node::first_placeholder_key);
            break;
    }
    if (is_in_table(kind)) {
        added.text_at = static_cast<std::uint32_t>(texts_.size());
        added.text_bytes = static_cast<std::uint32_t>(text.size());
        texts_ += text;
        if (++table_used_ * 2 > table_.size()) grow_table();
        insert_slot({hash(parent, kind, text), index});
    }
    return index;
}

void PolicyTrie::insert_slot(Slot slot) noexcept {
    const std::size_t mask = table_.size() - 1;
    std::size_t i = slot.hash & mask;
    while (table_[i].node != none) i = (i + 1) & mask;
    table_[i] = slot;
}

void PolicyTrie::grow_table() {
    std::vector<Slot> old(table_.size() * 2);
    old.swap(table_);
    for (const Slot& slot : old) {
        if (slot.node != none) insert_slot(slot);
    }
}

}  // namespace rtbridge
