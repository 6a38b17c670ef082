#pragma once

#include <string>

#include "rules/brace.h"

namespace rtbridge {

class WorkingPayload;

// What the braces of templates stand for at the moment: RuleValues for a publish that a rule
// applies to, RequestValues for what a browser asks for.
//
// Thread: belongs to one.
class TemplateValues {
public:
    virtual ~TemplateValues() = default;

    // What {payload}, {arg} or {body} are, and what is inside of them; it need not be JSON. Null:
    // there is none.
    [[nodiscard]] virtual WorkingPayload* document(Brace::Kind kind) const = 0;
    // Adds any other value as text, a number in digits. False where there is no such value; what
    // `out` then got is of no use.
    [[nodiscard]] virtual bool append(const Brace& brace, std::string& out) const = 0;

protected:
    // Most values are missing where they are empty.
    [[nodiscard]] static bool append_known(std::string& out, std::string_view text) {
        out += text;
        return !text.empty();
    }
};

}  // namespace rtbridge
