#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/seeded_hash.h"
#include "rules/battery_memory.h"
#include "rules/gathering.h"

namespace rtbridge {

class RuleSet;

// What a rule remembers of one subject: what the messages with one key, or where they have none of
// one topic, are about.
struct SubjectMemory {
    // The label that a `classify` with hysteresis gave last; empty: none yet.
    [[nodiscard]] std::string& label(std::string_view step);

    std::vector<std::pair<std::string, std::string>> labels;  // by step
    BatteryMemory battery;
    Gathering::Values gathered;
};

// What rules remember from one message to the next. It goes by the names of rules, so that it
// survives a reload. Bounded: of too many subjects the one that was not heard of for the longest
// time is forgotten.
//
// Thread: belongs to one.
class RuleMemory {
public:
    static constexpr std::size_t subjects_max_default = 65'536;

    explicit RuleMemory(std::size_t subjects_max = subjects_max_default)
        : subjects_max_(subjects_max) {}

    // Valid until the next call.
    [[nodiscard]] SubjectMemory& of(std::string_view rule, std::string_view subject);
    // Forgets what rules remember that are not in the set, or need no memory there.
    void keep_only(const RuleSet& rules);

    [[nodiscard]] std::size_t subjects() const { return by_name_.size(); }
    // How many were forgotten for want of room since it was asked before.
    [[nodiscard]] std::uint64_t take_evicted() { return std::exchange(evicted_, 0); }

private:
    struct Subject {
        std::string name;  // of the rule, a NUL, of the subject
        SubjectMemory memory;
    };
    using Subjects = std::list<Subject>;

    const std::size_t subjects_max_;
    Subjects subjects_;  // heard of least recently first
    std::unordered_map<std::string_view, Subjects::iterator, SeededHash> by_name_;
    std::uint64_t evicted_ = 0;
    std::string wanted_;  // kept for its memory
};

}  // namespace rtbridge
