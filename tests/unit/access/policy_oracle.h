#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/identity.h"
#include "access/policy.h"
#include "config/config.h"

namespace rtbridge {

// The meaning of [acl] written down a second time, slow and obvious: one rule after the other, one
// topic after the other. Shares no code with the policy that it judges.
class PolicyOracle {
public:
    using Topic = std::vector<std::string>;  // levels

    explicit PolicyOracle(const Config& config) : config_(config) {}

    [[nodiscard]] bool may(const Identity& who, ActionSet actions, const Topic& topic,
                           std::optional<std::string> key) const;
    // By trying each of `topics`, which must have a topic for each way that topics can differ.
    [[nodiscard]] Coverage coverage(const Identity& who, ActionSet actions, const Topic& filter,
                                    const std::vector<std::string>& keys,
                                    const std::vector<Topic>& topics) const;
    [[nodiscard]] Coverage coverage_without_key(const Identity& who, ActionSet actions,
                                                const Topic& filter,
                                                const std::vector<Topic>& topics) const;
    [[nodiscard]] bool anything(const Identity& who, ActionSet actions,
                                std::optional<std::string> key,
                                const std::vector<Topic>& topics) const;

    [[nodiscard]] static bool glob(const std::string& pattern, const std::string& text);
    [[nodiscard]] static bool matches(const Topic& filter, const Topic& topic);

private:
    enum class KeyedRules { ByKey, DeniesOnly, Both, AllowsOnly };
    [[nodiscard]] bool concerns(const AclRuleConfig& rule, const Identity& who) const;
    [[nodiscard]] bool says(const AclRuleConfig& rule, const Identity& who, const Topic& topic,
                            KeyedRules keyed, const std::string& key) const;
    [[nodiscard]] bool decide(const Identity& who, ActionSet actions, const Topic& topic,
                              KeyedRules keyed, const std::string& key) const;

    const Config& config_;
};

// "a/b" as {"a", "b"}.
[[nodiscard]] PolicyOracle::Topic split(const std::string& topic);

}  // namespace rtbridge
