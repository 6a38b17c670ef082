#include "rules/expression.h"

#include <muParser.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>
#include <variant>

#include "base/trimmed.h"
#include "config/field_path.h"
#include "config/in_quotes.h"
#include "config/suggestion.h"
#include "rules/brace.h"
#include "rules/payload_number.h"

namespace rtbridge {
namespace {

// What muParser is given for a value in braces: this and a number, as long as what was written, so
// that its positions are those of the source.
constexpr char stand_in = '$';

double clamp(double number, double low, double high) {
    return std::max(low, std::min(number, high));
}
double round_to(double number, double digits) {
    const double scale = std::pow(10, digits);
    return std::round(number * scale) / scale;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_name(char c) {
    return begins_name(c) || is_digit(c) || c == '.';
}

// The whole text as a number.
std::optional<double> number_of(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

struct Variable {
    std::string name;  // as written
    std::variant<PayloadNumber, Brace> source;
};

Result<double, Invalidity> read(const Variable& variable, const RuleValues& values) {
    if (const auto* const field = std::get_if<PayloadNumber>(&variable.source)) {
        return field->read(values.payload());
    }
    std::string text;
    if (!std::get<Brace>(variable.source).append_text(values, text)) {
        return Failure{
            Invalidity{InvalidReason::Missing, variable.name, variable.name + " is missing"}};
    }
    if (const std::optional<double> number = number_of(trimmed(text, " "))) return *number;
    return Failure{Invalidity{InvalidReason::Type, variable.name,
                              variable.name + " is " + in_quotes(text) + ", not a number"}};
}

}  // namespace

struct Expression::Program {
    std::string source;
    std::vector<Variable> variables;
    std::array<double, values_max> numbers{};  // of the variables, where the parser looks
    mu::Parser parser;
};

// Goes through the source once to find what it names, and leaves the grammar to muParser.
class Expression::Compiler {
public:
    Compiler(std::string_view source, const TemplateNames& names,
             const std::vector<FieldConfig>& fields)
        : names_(names), fields_(fields) {
        program_->source = source;
        for (const char c : std::string_view("0123456789_.$")) name_chars_ += c;
        for (char c = 'a'; c <= 'z'; ++c) name_chars_ += c;
        for (char c = 'A'; c <= 'Z'; ++c) name_chars_ += c;
        mu::Parser& parser = program_->parser;
        parser.DefineNameChars(name_chars_.c_str());
        parser.DefineFun("floor", static_cast<double (*)(double)>(std::floor));
        parser.DefineFun("ceil", static_cast<double (*)(double)>(std::ceil));
        parser.DefineFun("round", static_cast<double (*)(double)>(std::round));
        parser.DefineFun("round_to", round_to);
        parser.DefineFun("clamp", clamp);
        for (const auto& [name, function] : parser.GetFunDef()) functions_.emplace_back(name);
    }

    [[nodiscard]] Result<Expression, std::vector<Mistake>> compile() {
        const std::string& source = program_->source;
        if (trimmed(source, " \t\r\n").empty()) mistake(0, "is empty");
        if (source.size() > bytes_max) {
            mistake(bytes_max, "is longer than " + std::to_string(bytes_max) + " bytes");
            return Failure{std::move(mistakes_)};
        }
        for_muparser_ = source;
        while (at_ < source.size()) scan();
        if (mistakes_.empty()) parse();
        if (!mistakes_.empty()) return Failure{std::move(mistakes_)};
        return Expression(std::move(program_));
    }

private:
    void mistake(std::size_t position, std::string message) {
        mistakes_.push_back({position, std::move(message)});
    }
    [[nodiscard]] char next(std::size_t further = 1) const {
        const std::string& source = program_->source;
        return at_ + further < source.size() ? source[at_ + further] : '\0';
    }

    void scan() {
        const char c = program_->source[at_];
        if (c == '{') return scan_brace();
        if (begins_name(c)) return scan_name();
        if (is_digit(c) || c == '.') return scan_number();
        if (c == '=') return scan_equals();
        if (c == '"' || c == '\'') {
            mistake(at_, "texts cannot be computed with; map and set are for them");
            at_ = program_->source.size();
            return;
        }
        if (c == stand_in || c == '}') mistake(at_, std::string("unexpected ") + c);
        const bool comparison = c == '<' || c == '>' || c == '!';
        at_ += comparison && next() == '=' ? 2 : 1;
    }

    void scan_equals() {
        if (next() != '=') mistake(at_, "write == to compare; nothing can be assigned");
        at_ += next() == '=' ? 2 : 1;
    }

    void scan_number() {
        const std::string& source = program_->source;
        while (at_ < source.size() && (is_digit(source[at_]) || source[at_] == '.')) ++at_;
        if (at_ < source.size() && (source[at_] == 'e' || source[at_] == 'E')) {
            const bool sign = next() == '+' || next() == '-';
            if (is_digit(next(sign ? 2 : 1))) {
                at_ += sign ? 2 : 1;
                while (at_ < source.size() && is_digit(source[at_])) ++at_;
            }
        }
    }

    void scan_name() {
        const std::string& source = program_->source;
        const std::size_t begin = at_;
        while (at_ < source.size() && continues_name(source[at_])) ++at_;
        const std::string name = source.substr(begin, at_ - begin);
        const std::size_t after = source.find_first_not_of(" \t", at_);
        const bool called = after != std::string::npos && source[after] == '(';
        if (called) {
            // muParser wants the parenthesis right behind the name.
            std::swap(for_muparser_[at_], for_muparser_[after]);
            return check_function(begin, name);
        }
        if (program_->parser.GetConst().contains(name)) return;
        if (!is_path(name)) {
            return mistake(begin, in_quotes(name) +
                                      " is not a path; write a field like "
                                      "batteryPower or battery.power");
        }
        const auto& captures = names_.captures;
        if (std::find(captures.begin(), captures.end(), name) != captures.end()) {
            if (std::optional<Brace> brace = compile_brace(begin, name)) {
                define(begin, name, {"{" + name + "}", *std::move(brace)});
            }
            return;
        }
        define(begin, name, {name, field(name)});
    }

    void check_function(std::size_t begin, const std::string& name) {
        if (std::find(functions_.begin(), functions_.end(), name) != functions_.end()) return;
        const std::vector<std::string_view> candidates(functions_.begin(), functions_.end());
        const auto near = suggestion(name, candidates);
        mistake(begin, in_quotes(name) + " is not a function" +
                           (near ? "; did you mean " + std::string(*near) + "()?" : ""));
    }

    void scan_brace() {
        const std::string& source = program_->source;
        const std::size_t begin = at_;
        const std::size_t end = source.find('}', begin);
        if (end == std::string::npos) {
            at_ = source.size();
            return mistake(begin, "the brace is not closed");
        }
        at_ = end + 1;
        const std::string name = source.substr(begin + 1, end - begin - 1);
        std::optional<Brace> brace = compile_brace(begin, name);
        if (!brace) return;
        std::string alias(at_ - begin, stand_in);
        const std::string number = std::to_string(program_->variables.size());
        // Two braces of the same length need not be two variables; two variables need two names.
        const std::string written = "{" + name + "}";
        const auto known = std::find_if(aliases_.begin(), aliases_.end(),
                                        [&](const auto& one) { return one.first == written; });
        if (known != aliases_.end()) {
            for_muparser_.replace(begin, alias.size(), known->second);
            return;
        }
        alias.replace(1, number.size(), number);
        for_muparser_.replace(begin, alias.size(), alias);
        aliases_.emplace_back(written, alias);
        const bool is_field = brace->kind() == Brace::Kind::Payload && !brace->member().empty();
        if (is_field) {
            define(begin, alias, {brace->member(), field(brace->member())});
        } else {
            define(begin, alias, {written, *std::move(brace)});
        }
    }

    [[nodiscard]] PayloadNumber field(std::string_view path) const {
        return {path, fields_, PayloadNumber::As::NumberOrBoolean};
    }

    std::optional<Brace> compile_brace(std::size_t position, std::string_view name) {
        Result<Brace, std::string> brace = Brace::compile(name, TemplatePlace::Set, names_);
        if (brace.ok()) return std::move(brace).value();
        mistake(position, brace.error());
        return std::nullopt;
    }

    void define(std::size_t position, const std::string& name, Variable variable) {
        if (program_->parser.GetVar().contains(name)) return;
        if (program_->variables.size() == values_max) {
            return mistake(position, "more than " + std::to_string(values_max) + " values");
        }
        double& number = program_->numbers.at(program_->variables.size());
        program_->variables.push_back(std::move(variable));
        program_->parser.DefineVar(name, &number);
    }

    void parse() {
        mu::Parser& parser = program_->parser;
        try {
            parser.SetExpr(for_muparser_);
            parser.Eval();  // compiles; what comes out means nothing
            if (parser.GetNumResults() != 1)
                mistake(0, "is more than one number; remove the comma");
        } catch (const mu::Parser::exception_type& error) {
            refuse(error);
        }
    }

    // In our own words: muParser's have its stand-ins in them.
    void refuse(const mu::Parser::exception_type& error) {
        const std::string& source = program_->source;
        const std::string& token = error.GetToken();
        // Some positions are behind what they are about.
        std::size_t position = std::min<std::size_t>(
            static_cast<std::size_t>(std::max(error.GetPos(), 0)), source.size());
        if (!token.empty() && position >= token.size() &&
            for_muparser_.compare(position, token.size(), token) != 0 &&
            for_muparser_.compare(position - token.size(), token.size(), token) == 0) {
            position -= token.size();
        }
        const std::string word = in_quotes(source.substr(position, token.size()));
        switch (error.GetCode()) {
            case mu::ecUNEXPECTED_EOF:
                return mistake(source.size(), "ends too early");
            case mu::ecMISSING_PARENS:
                return mistake(position, "a parenthesis is not closed");
            case mu::ecTOO_MANY_PARAMS:
                return mistake(position, "too many arguments");
            case mu::ecTOO_FEW_PARAMS:
                return mistake(position, "too few arguments");
            case mu::ecMISSING_ELSE_CLAUSE:
                return mistake(std::min(source.find('?'), source.size()),
                               "a \"?\" without its \":\"");
            case mu::ecMISPLACED_COLON:
                return mistake(source.rfind(':', position), "a \":\" without its \"?\"");
            default:
                return mistake(position, "unexpected " + (token.empty() ? "end" : word));
        }
    }

    const TemplateNames& names_;
    const std::vector<FieldConfig>& fields_;
    std::unique_ptr<Program> program_ = std::make_unique<Program>();
    std::string name_chars_;
    std::vector<std::string> functions_;
    std::string for_muparser_;  // the source, with stand-ins for braces
    std::vector<std::pair<std::string, std::string>> aliases_;  // braces and their stand-ins
    std::size_t at_ = 0;
    std::vector<Mistake> mistakes_;
};

Expression::Expression(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression, std::vector<Expression::Mistake>> Expression::compile(
    std::string_view source, const TemplateNames& names, const std::vector<FieldConfig>& fields) {
    try {
        return Compiler(source, names, fields).compile();
    } catch (const mu::Parser::exception_type& error) {  // of a name that it wants for itself
        return Failure{std::vector<Mistake>{{0, error.GetMsg()}}};
    }
}

Result<double, Invalidity> Expression::evaluate(const RuleValues& values) const {
    for (std::size_t i = 0; i < program_->variables.size(); ++i) {
        Result<double, Invalidity> number = read(program_->variables[i], values);
        if (!number.ok()) return number;
        program_->numbers.at(i) = number.value();
    }
    double result = NAN;
    try {
        result = program_->parser.Eval();
    } catch (const mu::Parser::exception_type& error) {
        return Failure{Invalidity{InvalidReason::Compute, "",
                                  in_quotes(program_->source) + ": " + error.GetMsg()}};
    }
    if (std::isfinite(result)) return result;
    return Failure{Invalidity{InvalidReason::Compute, "",
                              in_quotes(program_->source) + " is not a finite number"}};
}

std::vector<std::string> Expression::paths() const {
    std::vector<std::string> paths;
    for (const Variable& variable : program_->variables) {
        const auto* const field = std::get_if<PayloadNumber>(&variable.source);
        if (field != nullptr) paths.push_back(field->path());
    }
    return paths;
}

void append_computed(std::string& out, double number) {
    assert(std::isfinite(number));
    constexpr double whole_max = 9007199254740992;  // beyond, doubles skip whole numbers
    constexpr int significant_digits = 15;
    std::array<char, 32> digits;
    char* const begin = digits.data();
    char* const limit = begin + digits.size();
    const bool whole = number == std::trunc(number) && std::abs(number) <= whole_max;
    const std::to_chars_result end =
        whole ? std::to_chars(begin, limit, static_cast<std::int64_t>(number))
              : std::to_chars(begin, limit, number, std::chars_format::general, significant_digits);
    assert(end.ec == std::errc());
    out.append(begin, end.ptr);
}

}  // namespace rtbridge
