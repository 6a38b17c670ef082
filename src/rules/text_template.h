#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rules/brace.h"
#include "rules/template_values.h"

namespace rtbridge {

// A text with values in braces, as "live/{payload.userId}"; "{{" and "}}" stand for one brace each.
//
// Thread: any; immutable.
class TextTemplate {
public:
    // Either text or a value in braces.
    struct Part {
        std::string text;
        std::optional<Brace> brace;
    };

    // The error lists every mistake.
    [[nodiscard]] static Result<TextTemplate, std::vector<std::string>> compile(
        std::string_view source, TemplatePlace place, const TemplateNames& names);

    // Adds the text to `out`. Null, or the first brace that has no value.
    [[nodiscard]] const Brace* append(const TemplateValues& values, std::string& out) const;

    // Every brace that has no value.
    [[nodiscard]] std::vector<const Brace*> missing(const TemplateValues& values) const;

    [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }
    // The template where it is nothing but one brace, else null.
    [[nodiscard]] const Brace* only_brace() const;
    [[nodiscard]] const Brace* last_brace() const;

private:
    std::vector<Part> parts_;
};

}  // namespace rtbridge
