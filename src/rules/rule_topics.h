#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "rules/rule.h"
#include "rules/topic_pattern.h"

// How the topics of rules lie to each other, for reviews of a configuration. Thread: any, pure.

namespace rtbridge {

// The filters of a rule, names as '+'.
[[nodiscard]] std::vector<std::string> filters_of(const Rule& rule);

// The topics under which browsers see what the rule makes.
[[nodiscard]] std::vector<TopicPattern> topics_for_browsers(const RuleConfig& config,
                                                            const Rule& rule);

// Whether every publish that `narrow` matches is one of `wide` too: each of its filters lies within
// one of the other's.
[[nodiscard]] bool covers(const Rule& wide, const Rule& narrow);

[[nodiscard]] bool overlap(const Rule& a, const Rule& b);

// Topics that both match, where neither filter lies within the other; nothing where there are none.
[[nodiscard]] std::optional<std::string> crossing(const Rule& a, const Rule& b);

}  // namespace rtbridge
