#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"
#include "rules/rule_set.h"

namespace rtbridge {

// Looks for rules that are right but hardly meant: they never match, have no effect, or undo each
// other. Says so as warnings, with what to do. A general rule with exceptions behind it is meant.
//
// Thread: any. Cost: rules times topics, and for what concerns two rules the square of all topics.
class RuleReview {
public:
    // Beyond as many topics in all rules together, two rules are not compared: a reload must not
    // hold up the broker.
    static constexpr std::size_t topics_max = 1'000;

    // REQUIRES: `rules` is compiled from `config`; both outlive it.
    RuleReview(const Config& config, const RuleSet& rules, Diagnostics& diagnostics);

    void run();

private:
    struct Subject {
        const RuleConfig& config;
        const Rule& rule;
    };
    // What a rule writes into the payload.
    struct Write {
        std::string member;
        std::string value;  // equal where it writes the same
        std::string key;    // of the rule's table, for its place
    };

    // One rule.
    void warn_of_topics(const Subject& subject);
    void warn_of_useless_options(const Subject& subject);
    void warn_of_fields(const Subject& subject);
    void warn_of_state_set(const Subject& subject);
    void warn_of_publish_to_itself(const Subject& subject);
    // One rule and [acl].
    void warn_of_access(const Subject& subject);
    // One rule and the others.
    void compare_rules();
    void warn_of_publish_to_inputs(const Subject& subject);
    void warn_of_useless_replace(std::size_t at);
    void warn_of_shadowed(std::size_t at);
    void warn_of_values(std::size_t earlier, std::size_t later);

    [[nodiscard]] bool value_survives(std::size_t earlier, std::size_t later,
                                      std::string_view member) const;
    [[nodiscard]] static std::vector<Write> writes_of(const RuleConfig& rule);

    const Config& config_;
    std::vector<Subject> subjects_;
    Diagnostics& diagnostics_;
};

// Likewise for what asks for values that rules make: routes, events of Socket.IO clients, keys of
// access rules.
void review_requests(const Config& config, const RuleSet& rules, Diagnostics& diagnostics);

}  // namespace rtbridge
