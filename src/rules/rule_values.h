#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule_set.h"
#include "rules/working_payload.h"

namespace rtbridge {

class TextTemplate;

// What the braces of a rule's templates stand for while it applies to one publish. Views.
struct RuleValues {
    const Publish& publish;
    std::string_view rule;
    const std::vector<std::uint32_t>& capture_levels;  // by capture number: its level of the topic
    const TextTemplate* key = nullptr;                 // null: the rule has none
    WorkingPayload& payload;
};

}  // namespace rtbridge
