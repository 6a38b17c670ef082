#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "rules/brace.h"
#include "rules/template_values.h"
#include "rules/text_template.h"

namespace rtbridge {

// A JSON value with values in braces. A string that is one brace becomes that value with its own
// JSON type; inside other text a value is text.
//
// Thread: any; immutable.
class JsonTemplate {
public:
    // Nothing where the source has mistakes; all of them are reported.
    [[nodiscard]] static std::optional<JsonTemplate> compile(const TemplateSource& source,
                                                             TemplatePlace place,
                                                             const TemplateNames& names,
                                                             Diagnostics& diagnostics);

    // Adds the JSON to `out`. Null, or the first brace that has no value.
    [[nodiscard]] const Brace* append(const TemplateValues& values, std::string& out) const;

    // Every brace that has no value.
    [[nodiscard]] std::vector<const Brace*> missing(const TemplateValues& values) const;

private:
    // The document front to back, flattened: JSON that never changes, or a string of the source.
    struct Piece {
        std::string json;
        std::optional<TextTemplate> string;
    };
    class Compiler;

    std::vector<Piece> pieces_;
};

}  // namespace rtbridge
