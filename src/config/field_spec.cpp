#include "config/field_spec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/json_text.h"
#include "base/trimmed.h"
#include "config/in_quotes.h"
#include "config/suggestion.h"

namespace rtbridge {
namespace {

std::optional<double> read_number(std::string_view text) {
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc() || stop != end || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}

struct TypeName {
    std::string_view name;
    FieldType type;
};
constexpr std::array<TypeName, 5> type_names = {{{"number", FieldType::Number},
                                                 {"string", FieldType::String},
                                                 {"bool", FieldType::Bool},
                                                 {"time", FieldType::Time},
                                                 {"one of", FieldType::OneOf}}};

// Takes the type off the front of `text`. Nothing: it is none.
std::optional<FieldType> take_type(std::string_view& text) {
    for (const auto& [name, type] : type_names) {
        if (!text.starts_with(name)) continue;
        const std::string_view rest = text.substr(name.size());
        if (!rest.empty() && rest.find_first_of(" \t?=") != 0) continue;
        text = rest;
        return type;
    }
    return std::nullopt;
}

// "0..100", "0..", "..100"
std::optional<std::string> read_range(std::string_view text, FieldSpec& spec) {
    const std::size_t dots = text.find("..");
    if (dots == std::string_view::npos) {
        return "has " + in_quotes(text) + ", which is no range; write one like \"number 0..100\"";
    }
    const std::string_view low = trimmed(text.substr(0, dots));
    const std::string_view high = trimmed(text.substr(dots + 2));
    const auto min = low.empty() ? spec.min : read_number(low);
    const auto max = high.empty() ? spec.max : read_number(high);
    if (!min || !max || (low.empty() && high.empty())) {
        return "has " + in_quotes(text) + ", which is no range; write one like \"number 0..100\"";
    }
    if (*min > *max) return "has a range that ends before it begins";
    spec.min = *min;
    spec.max = *max;
    return std::nullopt;
}

// "auto|eco"
std::optional<std::string> read_choices(std::string_view text, FieldSpec& spec) {
    for (;;) {
        const std::size_t bar = std::min(text.find('|'), text.size());
        const std::string_view choice = trimmed(text.substr(0, bar));
        if (choice.empty()) return "needs values to choose from, like \"one of auto|eco\"";
        spec.choices.emplace_back(choice);
        if (bar == text.size()) return std::nullopt;
        text.remove_prefix(bar + 1);
    }
}

std::optional<std::string> read_fallback(std::string_view text, FieldSpec& spec) {
    spec.required = false;
    switch (spec.type) {
        case FieldType::Number: {
            const auto number = read_number(text);
            if (!number) return "has the default " + in_quotes(text) + ", which is no number";
            if (*number < spec.min || *number > spec.max) return "has a default out of its range";
            append_number(spec.fallback.emplace(), *number);
            return std::nullopt;
        }
        case FieldType::Bool:
            if (text != "true" && text != "false") {
                return "has the default " + in_quotes(text) + "; write true or false";
            }
            break;
        case FieldType::Time:
            return "cannot have a default; write \"time?\" where it may be missing";
        case FieldType::OneOf:
            if (std::find(spec.choices.begin(), spec.choices.end(), text) == spec.choices.end()) {
                return "has the default " + in_quotes(text) + ", which is none of its values";
            }
            [[fallthrough]];
        case FieldType::String:
            append_json_string(spec.fallback.emplace(), text);
            return std::nullopt;
    }
    spec.fallback = text;
    return std::nullopt;
}

}  // namespace

Result<FieldSpec, std::string> parse_field_spec(std::string_view text) {
    std::string_view rest = trimmed(text);
    FieldSpec spec;
    const std::optional<FieldType> type = take_type(rest);
    if (!type) {
        const std::string_view word = rest.substr(0, rest.find_first_of(" \t?="));
        return Failure{
            "is not known; " +
            did_you_mean(word, {"number", "string", "bool", "time"},
                         "write \"number\", \"string\", \"bool\", \"time\" or \"one of a|b\"")};
    }
    spec.type = *type;
    if (rest.starts_with('?')) {
        spec.required = false;
        rest.remove_prefix(1);
    }
    const std::size_t equals = std::min(rest.find('='), rest.size());
    const std::string_view detail = trimmed(rest.substr(0, equals));
    std::optional<std::string> mistake;
    if (spec.type == FieldType::OneOf) {
        mistake = read_choices(detail, spec);
    } else if (spec.type == FieldType::Number && !detail.empty()) {
        mistake = read_range(detail, spec);
    } else if (!detail.empty()) {
        mistake = "has " + in_quotes(detail) + " behind its type; only numbers have a range";
    }
    if (!mistake && equals < rest.size()) {
        mistake = read_fallback(trimmed(rest.substr(equals + 1)), spec);
    }
    if (mistake) return Failure{*std::move(mistake)};
    return spec;
}

}  // namespace rtbridge
