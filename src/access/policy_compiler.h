#pragma once

#include <optional>

#include "access/policy_index.h"

namespace rtbridge {

// Turns [acl], or its absence, into the tree that decisions are made by. Used once.
class PolicyCompiler {
public:
    PolicyCompiler(const Config& config, Diagnostics& diagnostics)
        : config_(config), diagnostics_(diagnostics) {}

    // Nothing where a rule has a mistake; each is reported.
    [[nodiscard]] std::optional<Policy::Index> compile();

private:
    [[nodiscard]] ActionSet by_default() const;
    void add_rule(std::uint32_t number);
    void add_topic(WhoClasses::Class who, std::uint32_t rule_number,
                   const Placed<std::string>& topic);
    void add_key(PolicyTrie::NodeIndex topic_node, WhoClasses::Class who, std::uint32_t rule_number,
                 const Placed<std::string>& key);
    void mark(PolicyTrie::NodeIndex node, std::uint32_t rule_number);
    // The number of the placeholder, or nothing where it is none, which is then reported.
    [[nodiscard]] std::optional<std::uint32_t> placeholder(WhoClasses::Class who,
                                                           const Placed<std::string>& in,
                                                           std::string_view text);
    void mistake(const SourcePlace& place, std::string message);

    const Config& config_;
    Diagnostics& diagnostics_;
    Policy::Index index_;
    bool failed_ = false;
};

}  // namespace rtbridge
