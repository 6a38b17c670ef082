#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "handoff/config_snapshot.h"
#include "transport/api.h"

namespace rtbridge {

// What a rule is and what became of messages by it: an entry of `rules` in GET /api/status.
[[nodiscard]] nlohmann::ordered_json rule_json(const RuleStatus& rule);

// The body of GET /api/rules: the same, with the last message that each rule refused. For admins,
// since it shows what somebody sent.
[[nodiscard]] std::string rules_json(const ApiContext& context);

}  // namespace rtbridge
