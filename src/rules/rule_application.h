#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rules/rule.h"
#include "rules/rule_memory.h"
#include "rules/rule_set.h"
#include "rules/rule_trace.h"
#include "rules/rule_values.h"
#include "rules/rule_workspace.h"
#include "rules/transport_bodies.h"
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
    bool gathered = false;      // has told browsers what it has to say
    std::string publish_topic;  // empty: browsers see the topic of the publish
};

struct RuleWorkspace::Memory {
    std::vector<std::uint32_t> topic_ids;
    std::vector<RuleMatch> matches;
    std::vector<AppliedRule> applied;  // by position in `matches`
    std::vector<RuleResult> results;   // likewise
    WorkingPayload payload;
    bool take_time = false;
    RuleMemory remembered;
    std::unique_ptr<Memory> gathering;  // null until a rule gathers
};

// Runs the rules that match one publish over it, in file order.
class RuleApplication {
public:
    // `traces`: null, or one for each match.
    RuleApplication(const Publish& publish, const std::vector<RuleMatch>& matches,
                    const TransportBodies& transport_bodies, const Clock& clock,
                    RuleWorkspace::Memory& memory, RuleMemory& remembered, RuleTrace* traces);

    [[nodiscard]] Outcome run();
    // One rule, over a payload that was gathered: it stands for no message of its topic.
    [[nodiscard]] Outcome run_gathered(std::string topic);

private:
    enum class Continue { No, Yes };
    class RuleTime;

    void run_without_payload();
    void gather(std::size_t at);
    [[nodiscard]] Result<std::string, Invalidity> gather_payload(std::size_t at,
                                                                 std::string& topic);
    Continue apply_rule(std::size_t at);
    // Nothing, or why the rule refuses the payload.
    [[nodiscard]] std::optional<Invalidity> run_steps(std::size_t at);
    [[nodiscard]] std::optional<Invalidity> recall(std::size_t at,
                                                   const std::optional<BatteryReading>& reading);
    // Makes what rules remember part of the payload. Null, or why that is impossible.
    [[nodiscard]] const char* set_recalled();
    [[nodiscard]] std::optional<Invalidity> pass_to_mqtt(std::size_t at);
    [[nodiscard]] std::optional<Invalidity> publish(std::size_t at);
    Continue refuse(std::size_t at, Invalidity why);
    void clear_for_browsers(std::string_view topic, std::uint32_t rule);
    void tell_browsers(std::size_t at);
    // False: the rule's own body can't be made, so there is nothing to tell.
    [[nodiscard]] bool make_bodies(std::size_t at, RuleValues& values, BrowserUpdate& update);
    [[nodiscard]] bool make_body(std::size_t at, std::string_view step, const JsonTemplate& body,
                                 const RuleValues& values, std::string& out);
    // False: it went, as another one speaks for it.
    bool settle_last_update(bool valid);
    void drop_untold();
    [[nodiscard]] PayloadShape final_shape();
    void note(std::size_t at, std::string_view step, std::string result, bool ok = true);

    const Publish& publish_;
    const std::vector<RuleMatch>& matches_;
    const TransportBodies& transport_bodies_;
    const Clock& clock_;
    WorkingPayload& payload_;
    std::vector<AppliedRule>& applied_;
    std::vector<RuleResult>& results_;
    RuleMemory& remembered_;
    RuleTrace* traces_;
    std::vector<PayloadMember> recalled_;  // of all rules so far that did not refuse the payload
    RuleWorkspace::Memory& memory_;
    bool gathered_ = false;  // what is missing may still come
    Outcome outcome_;
    std::int64_t unix_ms_ = 0;
    std::vector<std::size_t> untold_;  // positions of updates whose body could not be made
};

}  // namespace rtbridge
