#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "handoff/invalid_reason.h"
#include "rules/rule_values.h"
#include "rules/template_place.h"

namespace rtbridge {

// A number made of others, as "batteryPower / 1000" (muParser): + - * / ^, comparisons, && ||,
// "a ? b : c", and functions. What it is made of:
//
//   soc, cell.voltage    fields of the payload by path, with what the steps before made of it
//   site                 a capture of the topic of this name, where it is a number
//   {payload.odd-name}   what braces stand for in `set`, where it is a number
//
// A function of payload, topic and rule alone. A comparison is 1 or 0.
//
// Thread: belongs to one at a time (what it reads stands in it meanwhile).
class Expression {
public:
    // Each bounds the cost of a publish.
    static constexpr std::size_t bytes_max = 1000;
    static constexpr std::size_t values_max = 50;

    struct Mistake {
        std::size_t position = 0;  // bytes from the start of the source
        std::string message;
    };

    // The error lists every mistake that can be told from the others.
    [[nodiscard]] static Result<Expression, std::vector<Mistake>> compile(
        std::string_view source, const TemplateNames& names,
        const std::vector<FieldConfig>& fields);

    Expression(Expression&&) noexcept;
    Expression& operator=(Expression&&) noexcept;
    ~Expression();

    // A finite number, or why there is none. REQUIRES: !values.payload().object_mistake().
    [[nodiscard]] Result<double, Invalidity> evaluate(const RuleValues& values) const;

    // The fields of the payload that it reads, as paths.
    [[nodiscard]] std::vector<std::string> paths() const;

private:
    class Compiler;
    struct Program;
    explicit Expression(std::unique_ptr<Program> program);

    std::unique_ptr<Program> program_;
};

// A computed number as JSON: whole numbers in digits, others with the 15 significant ones that
// arithmetic in doubles leaves (0.1 + 0.2 is 0.3). REQUIRES: finite.
void append_computed(std::string& out, double number);

}  // namespace rtbridge
