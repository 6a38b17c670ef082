#pragma once

#include "access/policy_index.h"

namespace rtbridge {

// Looks for rules that are right but hardly meant: they can never match, give away everything, or
// need another action beside them. Says so as warnings, with what to do.
//
// It judges each rule for those of whom nothing more is known than the conditions of that rule, so
// what a second role would add is not seen. Placeholders stand for themselves.
class PolicyReview {
public:
    // Beyond as many rules none is looked at: a reload must not hold up the broker.
    static constexpr std::size_t rules_max = 2'000;

    PolicyReview(const Config& config, const Policy::Index& index, Diagnostics& diagnostics);

    void run();

private:
    struct Subject {
        const AclRuleConfig& rule;
        Who who;
        std::vector<PolicyTrie::NodeIndex> roots;  // of the rules that surely concern them as well
        bool admin = false;
    };

    [[nodiscard]] Subject subject_of(const AclRuleConfig& rule) const;
    [[nodiscard]] bool warn_of_unknown_role(const AclRuleConfig& rule);
    [[nodiscard]] bool warn_of_claims_without_tokens(const AclRuleConfig& rule);
    bool warn_of_shared_topics(const AclRuleConfig& rule);
    bool warn_of_browsers_without_client_id(const AclRuleConfig& rule);
    bool warn_of_default(const AclRuleConfig& rule);
    [[nodiscard]] bool warn_of_useless_allow(const Subject& subject);
    void warn_of_everything(const Subject& subject);
    void warn_of_missing_partner(const Subject& subject, Action given, Action needed);
    void warn_of_denied_part(const Subject& subject);

    const Config& config_;
    const Policy::Index& index_;
    Diagnostics& diagnostics_;
    PlaceholderValues values_;  // each placeholder's own text
};

}  // namespace rtbridge
