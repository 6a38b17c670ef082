#include "rules/field_check.h"

#include <algorithm>

#include "base/iso_time.h"
#include "base/json_text.h"
#include "config/in_quotes.h"
#include "rules/json_type_name.h"
#include "rules/working_payload.h"

namespace rtbridge {
namespace {

std::string in_digits(double number) {
    std::string digits;
    append_number(digits, number);
    return digits;
}

std::string_view wanted(FieldType type) {
    switch (type) {
        case FieldType::Number:
            return "a number";
        case FieldType::Bool:
            return "true or false";
        case FieldType::Time:
            return "a time";
        default:
            return "a string";
    }
}

}  // namespace

Invalidity FieldCheck::invalid(InvalidReason reason, std::string_view what) const {
    return {reason, path_.text, path_.text + ' ' + std::string(what)};
}

std::optional<Invalidity> FieldCheck::refuse(WorkingPayload& payload) const {
    const std::optional<WorkingPayload::Value> value = payload.find(path_);
    if (!value || value->element.is_null()) {
        if (!spec_.required) return std::nullopt;
        return invalid(InvalidReason::Missing, "is missing");
    }
    const auto of_other_type = [&] {
        return invalid(InvalidReason::Type, "is " + std::string(type_name(value->element)) +
                                                ", not " + std::string(wanted(spec_.type)));
    };
    double number = 0;
    std::string_view text;
    switch (spec_.type) {
        case FieldType::Number:
            if (value->element.get(number) != simdjson::SUCCESS) return of_other_type();
            if (number < spec_.min) {
                return invalid(InvalidReason::Range,
                               "is " + in_digits(number) + ", below " + in_digits(spec_.min));
            }
            if (number > spec_.max) {
                return invalid(InvalidReason::Range,
                               "is " + in_digits(number) + ", above " + in_digits(spec_.max));
            }
            return std::nullopt;
        case FieldType::String:
            if (!value->element.is_string()) return of_other_type();
            return std::nullopt;
        case FieldType::Bool:
            if (!value->element.is_bool()) return of_other_type();
            return std::nullopt;
        case FieldType::Time:
            if (value->element.get(number) == simdjson::SUCCESS) {
                if (number >= 0) return std::nullopt;
                return invalid(InvalidReason::Range, "is " + in_digits(number) + ", no time");
            }
            if (value->element.get(text) != simdjson::SUCCESS) return of_other_type();
            if (read_iso_time(text)) return std::nullopt;
            return invalid(InvalidReason::Type, "is " + in_quotes(text) + ", not a time");
        case FieldType::OneOf:
            if (value->element.get(text) != simdjson::SUCCESS) return of_other_type();
            if (std::find(spec_.choices.begin(), spec_.choices.end(), text) !=
                spec_.choices.end()) {
                return std::nullopt;
            }
            return invalid(InvalidReason::Choice, "is " + in_quotes(text) + ", none of its values");
    }
    return std::nullopt;
}

}  // namespace rtbridge
