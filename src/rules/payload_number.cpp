#include "rules/payload_number.h"

#include <algorithm>
#include <charconv>

#include "base/iso_time.h"
#include "rules/json_type_name.h"
#include "rules/working_payload.h"

namespace rtbridge {
namespace {

std::optional<double> number_of_json(const std::optional<std::string>& json) {
    if (!json) return std::nullopt;
    if (*json == "true") return 1;
    if (*json == "false") return 0;
    double number = 0;
    const auto [end, error] = std::from_chars(json->data(), json->data() + json->size(), number);
    if (error != std::errc() || end != json->data() + json->size()) return std::nullopt;
    return number;
}

std::optional<double> unix_seconds(const JsonDocument::Element& element) {
    double number = 0;
    // As for `fields`: later than the year 5000 in seconds is taken for milliseconds.
    constexpr double last_second = 1e11;
    if (element.get(number) == simdjson::SUCCESS) {
        return number > last_second ? number / 1000 : number;
    }
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) return std::nullopt;
    const auto unix_ms = read_iso_time(text);
    if (!unix_ms) return std::nullopt;
    return static_cast<double>(*unix_ms) / 1000;
}

std::optional<double> number_of(const JsonDocument::Element& element, PayloadNumber::As as) {
    double number = 0;
    if (element.get(number) == simdjson::SUCCESS) return number;  // takes integers as well
    bool truth = false;
    if (as == PayloadNumber::As::NumberOrBoolean && element.get(truth) == simdjson::SUCCESS) {
        return truth ? 1 : 0;
    }
    return std::nullopt;
}

}  // namespace

PayloadNumber::PayloadNumber(std::string_view path, const std::vector<FieldConfig>& fields, As as)
    : path_(path), as_(as) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const auto& one) { return one.path.value == path; });
    if (field == fields.end()) return;
    if (field->spec.type == FieldType::Time) as_ = As::Time;
    fallback_ = number_of_json(field->spec.fallback);
}

Result<double, Invalidity> PayloadNumber::read(WorkingPayload& payload) const {
    const std::optional<WorkingPayload::Value> value = payload.find(path_);
    const bool missing = !value || value->element.is_null();
    if (missing && fallback_) return *fallback_;
    if (!value) {
        return Failure{Invalidity{InvalidReason::Missing, path_.text, path_.text + " is missing"}};
    }
    const std::optional<double> number =
        as_ == As::Time ? unix_seconds(value->element) : number_of(value->element, as_);
    if (number) return *number;
    return Failure{Invalidity{
        missing ? InvalidReason::Missing : InvalidReason::Type, path_.text,
        path_.text + " is " + std::string(type_name(value->element)) + ", not a number"}};
}

}  // namespace rtbridge
