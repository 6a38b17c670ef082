#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/rule.h"
#include "rules/rule_set.h"
#include "rules/rule_trace.h"
#include "rules/rule_workspace.h"
#include "rules/working_payload.h"

namespace rtbridge {

// A rule that matches a publish, and the first of its topics that does.
struct RuleMatch {
    std::uint32_t index = 0;  // position in RuleSet::rules()
    const Rule* rule = nullptr;
    const Rule::Topic* topic = nullptr;
};

// What a rule left to say to browsers until all rules have applied.
struct AppliedRule {
    bool valid = false;
    std::string publish_topic;  // empty: browsers see the topic of the publish
};

struct RuleWorkspace::Memory {
    std::vector<std::uint32_t> topic_ids;
    std::vector<RuleMatch> matches;
    std::vector<AppliedRule> applied;  // by position in `matches`
    std::vector<RuleResult> results;   // likewise
    WorkingPayload payload;
};

// Runs the rules that match one publish over it, in file order.
class RuleApplication {
public:
    // `traces`: null, or one for each match.
    RuleApplication(const Publish& publish, const std::vector<RuleMatch>& matches,
                    WorkingPayload& payload, std::vector<AppliedRule>& applied,
                    std::vector<RuleResult>& results, RuleTrace* traces);

    [[nodiscard]] Outcome run();

private:
    enum class Continue { No, Yes };

    void run_without_payload();
    Continue apply_rule(std::size_t at);
    // Nothing, or why the rule refuses the payload.
    [[nodiscard]] std::optional<std::string> run_steps(std::size_t at);
    [[nodiscard]] std::optional<std::string> pass_to_mqtt(std::size_t at);
    Continue refuse(std::size_t at, const std::string& reason);
    void tell_browsers(std::size_t at);
    void add_update(std::string_view topic, const RuleMatch& match, std::optional<std::string> key,
                    std::string_view payload, PayloadShape shape);
    [[nodiscard]] PayloadShape final_shape();
    void note(std::size_t at, std::string_view step, std::string result, bool ok = true);

    const Publish& publish_;
    const std::vector<RuleMatch>& matches_;
    WorkingPayload& payload_;
    std::vector<AppliedRule>& applied_;
    std::vector<RuleResult>& results_;
    RuleTrace* traces_;
    Outcome outcome_;
};

}  // namespace rtbridge
