#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "handoff/invalid_reason.h"

namespace rtbridge {

class RuleMemory;

enum class RuleVerdict { Ok, Invalid, Dropped };

// What became of one matching rule.
struct RuleResult {
    std::uint32_t rule = 0;  // position in RuleSet::rules()
    RuleVerdict verdict = RuleVerdict::Ok;
    InvalidReason reason = InvalidReason::NotJson;  // where the verdict is not Ok
    std::uint32_t bodies_missing = 0;               // bodies for browsers that could not be made
    std::string field{}, message{};                 // as in Invalidity, where it is not Ok
    std::int64_t nanoseconds = 0;                   // where time is taken
};

// The memory that RuleSet::apply works in, kept from one publish to the next so that the usual
// publish allocates nothing but its results. Bounded: a large payload's memory is given back.
//
// Thread: belongs to one.
class RuleWorkspace {
public:
    RuleWorkspace();
    ~RuleWorkspace();
    RuleWorkspace(RuleWorkspace&&) noexcept;
    RuleWorkspace& operator=(RuleWorkspace&&) noexcept;

    // Of the last apply(): the matching rules in file order, up to one that dropped the publish.
    [[nodiscard]] const std::vector<RuleResult>& results() const;

    // Whether the next apply() takes the time of each rule.
    void take_time(bool on);
    // What the rules remember between publishes; goes by their names, so it outlives a RuleSet.
    [[nodiscard]] RuleMemory& remembered();

private:
    friend class RuleSet;
    friend class RuleApplication;
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

}  // namespace rtbridge
