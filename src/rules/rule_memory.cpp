#include "rules/rule_memory.h"

#include <algorithm>
#include <unordered_set>

#include "rules/rule.h"
#include "rules/rule_set.h"

namespace rtbridge {

std::string& SubjectMemory::label(std::string_view step) {
    const auto known = std::find_if(labels.begin(), labels.end(),
                                    [&](const auto& one) { return one.first == step; });
    if (known != labels.end()) return known->second;
    return labels.emplace_back(step, "").second;
}

SubjectMemory& RuleMemory::of(std::string_view rule, std::string_view subject) {
    wanted_.assign(rule).append(1, '\0').append(subject);
    if (const auto found = by_name_.find(wanted_); found != by_name_.end()) {
        subjects_.splice(subjects_.end(), subjects_, found->second);
        return found->second->memory;
    }
    if (by_name_.size() >= subjects_max_) {
        by_name_.erase(subjects_.front().name);
        subjects_.pop_front();
        ++evicted_;
    }
    const auto added = subjects_.insert(subjects_.end(), {wanted_, {}});
    by_name_.emplace(added->name, added);
    return added->memory;
}

void RuleMemory::keep_only(const RuleSet& rules) {
    std::unordered_set<std::string_view> remembering;
    for (const std::unique_ptr<const Rule>& rule : rules.rules()) {
        if (rule->remembers()) remembering.insert(rule->name());
    }
    for (auto subject = subjects_.begin(); subject != subjects_.end();) {
        const auto next = std::next(subject);
        const std::string_view name = subject->name;
        if (!remembering.contains(name.substr(0, name.find('\0')))) {
            by_name_.erase(name);
            subjects_.erase(subject);
        }
        subject = next;
    }
}

}  // namespace rtbridge
