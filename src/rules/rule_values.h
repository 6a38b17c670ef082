#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule_set.h"
#include "rules/template_values.h"

namespace rtbridge {

class WorkingPayload;

class TextTemplate;

// What the braces of a rule's templates stand for while it applies to one publish. Views.
class RuleValues final : public TemplateValues {
public:
    // `capture_levels`: by capture number, its level of the topic; `key`: null, the rule has none.
    RuleValues(const Publish& publish, std::string_view rule,
               const std::vector<std::uint32_t>& capture_levels, const TextTemplate* key,
               WorkingPayload& payload)
        : publish_(publish),
          rule_(rule),
          capture_levels_(capture_levels),
          key_(key),
          payload_(payload) {}

    [[nodiscard]] WorkingPayload* document(Brace::Kind kind) const override;
    [[nodiscard]] bool append(const Brace& brace, std::string& out) const override;

    [[nodiscard]] WorkingPayload& payload() const { return payload_; }
    // Of {now}, which stands in bodies alone.
    void set_time(std::int64_t unix_ms) { unix_ms_ = unix_ms; }

private:
    const Publish& publish_;
    std::string_view rule_;
    const std::vector<std::uint32_t>& capture_levels_;
    const TextTemplate* key_;
    WorkingPayload& payload_;
    std::int64_t unix_ms_ = 0;
};

}  // namespace rtbridge
