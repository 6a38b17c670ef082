#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <vector>

#include "base/histogram.h"
#include "handoff/invalid_reason.h"
#include "rules/rule_set.h"
#include "rules/rule_workspace.h"

namespace rtbridge {

// What became of many publishes, by rule. The counters are those of /api/status.
class ReplaySummary {
public:
    explicit ReplaySummary(const RuleSet& rules);

    // Of a publish that took `time`, all its rules together.
    void add(const Outcome& outcome, const std::vector<RuleResult>& results,
             std::chrono::nanoseconds time);
    void add_bad_line() { ++bad_lines_; }

    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    void write_text(std::ostream& out) const;
    void write_json(std::ostream& out) const;  // {"summary":{...}}

private:
    struct OfRule {
        std::uint64_t matched = 0, ok = 0, invalid = 0, dropped = 0, quarantined = 0;
        std::uint64_t bodies_missing = 0;
        std::array<std::uint64_t, static_cast<std::size_t>(InvalidReason::Count)> reasons{};
        std::uint64_t nanoseconds = 0;
    };

    const RuleSet& rules_;
    std::vector<OfRule> by_rule_;
    std::uint64_t messages_ = 0, unmatched_ = 0, bad_lines_ = 0;
    Histogram times_;
};

}  // namespace rtbridge
