#include "rules/rule.h"

#include <algorithm>
#include <cmath>

#include "base/json_text.h"
#include "config/in_quotes.h"
#include "rules/working_payload.h"

namespace rtbridge {
namespace {

// Notes a step for `explain`; the broker has no trace, and then nothing is built.
void note_success(RuleTrace* trace, std::string_view step, std::string_view name,
                  std::string_view value) {
    if (trace == nullptr) return;
    std::string result(name);
    result += '=';
    result += value;
    trace->steps.push_back({std::string(step), std::move(result), true});
}

Invalidity note_failure(RuleTrace* trace, std::string_view step, Invalidity why) {
    if (trace != nullptr) trace->steps.push_back({std::string(step), why.message, false});
    return why;
}

std::optional<Invalidity> set_json(const RuleValues& values, std::string_view step,
                                   const std::string& name, std::string_view json,
                                   std::string_view shown, RuleTrace* trace) {
    if (const char* mistake = values.payload().set_member(name, json)) {
        return note_failure(trace, step, {InvalidReason::TooLarge, "", name + ": " + mistake});
    }
    note_success(trace, step, name, shown);
    return std::nullopt;
}

std::optional<Invalidity> set_text(const RuleValues& values, std::string_view step,
                                   const std::string& name, std::string_view text,
                                   RuleTrace* trace) {
    std::string json;
    append_json_string(json, text);
    return set_json(values, step, name, json, text, trace);
}

// Why there is no value for the member `name`.
template <typename T>
Invalidity of_member(const std::string& name, const Result<T, Invalidity>& failed) {
    return {failed.error().reason, failed.error().field, name + ": " + failed.error().message};
}

// To so many decimals, as JSON; the last digits of doubles tell nothing. Empty: no finite number.
std::string rounded(double number, int decimals) {
    const double scale = std::pow(10, decimals);
    const double result = std::round(number * scale) / scale;
    std::string json;
    if (std::isfinite(result)) append_computed(json, result);
    return json;
}

Invalidity missing_brace(const std::string& name, const Brace& missing) {
    return {InvalidReason::Missing, missing.name(), name + ": {" + missing.name() + "} is missing"};
}

}  // namespace

RuleValues Rule::values(const Publish& publish, const Topic& topic, WorkingPayload& payload) const {
    return {publish, name_, topic.capture_levels, key_ ? &*key_ : nullptr, payload};
}

std::optional<Invalidity> Rule::enrich(const RuleValues& values,
                                       std::optional<BatteryReading>& reading,
                                       RuleTrace* trace) const {
    if (!has_steps()) return std::nullopt;
    if (const char* mistake = values.payload().object_mistake()) {
        return note_failure(trace, first_step_, {InvalidReason::NotJson, "", mistake});
    }
    if (auto why = check_fields(values, trace)) return why;
    if (auto why = apply_battery(values, reading, trace)) return why;
    using Step = std::optional<Invalidity> (Rule::*)(const RuleValues&, RuleTrace*) const;
    for (const Step step :
         {&Rule::apply_compute, &Rule::apply_classify, &Rule::apply_map, &Rule::apply_set}) {
        if (auto why = (this->*step)(values, trace)) return why;
    }
    return std::nullopt;
}

void Rule::tidy(const RuleValues& values, RuleTrace* trace) const {
    apply_rename(values, trace);
    apply_drop_fields(values, trace);
}

std::optional<Invalidity> Rule::check_fields(const RuleValues& values, RuleTrace* trace) const {
    for (const FieldCheck& field : fields_) {
        if (auto why = field.refuse(values.payload())) {
            return note_failure(trace, "fields", *std::move(why));
        }
    }
    if (!fields_.empty() && trace != nullptr) trace->steps.push_back({"fields", "valid", true});
    return std::nullopt;
}

std::optional<Invalidity> Rule::apply_battery(const RuleValues& values,
                                              std::optional<BatteryReading>& reading,
                                              RuleTrace* trace) const {
    if (!battery_) return std::nullopt;
    const Result<BatteryReading, Invalidity> read = battery_->read(values.payload());
    if (!read.ok()) return note_failure(trace, "battery", read.error());
    const BatteryReading& now = reading.emplace(read.value());
    if (auto why = set_text(values, "battery", "state", to_text(now.state), trace)) return why;
    const BatteryConfig& config = battery_->config();
    const struct {
        const char* name;
        std::optional<double> number;
        int decimals;
        BatteryValue value;
    } numbers[] = {{"c_rate", now.c_rate(), 4, BatteryValue::CRate},
                   {"time_to_full_s", now.time_to_full_s(), 0, BatteryValue::TimeTo},
                   {"time_to_empty_s", now.time_to_empty_s(), 0, BatteryValue::TimeTo},
                   {"cell_delta_mv", now.cell_delta_mv, 1, BatteryValue::CellDelta},
                   {"temp_spread_c", now.temp_spread_c, 2, BatteryValue::TempSpread}};
    for (const auto& [name, number, decimals, value] : numbers) {
        if (!number || !config.adds(value)) continue;
        const std::string json = rounded(*number, decimals);
        if (json.empty()) continue;
        if (auto why = set_json(values, "battery", name, json, json, trace)) return why;
    }
    return std::nullopt;
}

void Rule::recall_battery(const BatteryReading& reading, std::int64_t unix_ms,
                          BatteryMemory& memory, std::vector<PayloadMember>& members,
                          RuleTrace* trace) const {
    const BatteryConfig& config = battery_->config();
    memory.take(reading, unix_ms, config);
    const BatteryMemory::Values& values = memory.values();
    const auto add = [&](const char* name, std::string json) {
        note_success(trace, "battery", name, json);
        members.push_back({name, std::move(json)});
    };
    if (config.hold.count() > 0) {
        std::string json;
        append_json_string(json, to_text(values.state));
        add("state", std::move(json));
    }
    if (config.adds(BatteryValue::Energy)) {
        add("energy_in_wh", rounded(values.energy_in_wh, 3));
        add("energy_out_wh", rounded(values.energy_out_wh, 3));
    }
    if (config.adds(BatteryValue::Quality)) {
        std::string json = "[";
        for (const std::string_view flag : values.quality) {
            if (json.size() > 1) json += ',';
            append_json_string(json, flag);
        }
        add("quality", json + ']');
    }
}

std::optional<Invalidity> Rule::apply_compute(const RuleValues& values, RuleTrace* trace) const {
    for (const Computed& computed : compute_) {
        const Result<double, Invalidity> number = computed.value.evaluate(values);
        if (!number.ok()) return note_failure(trace, "compute", of_member(computed.name, number));
        std::string json;
        append_computed(json, number.value());
        if (auto why = set_json(values, "compute", computed.name, json, json, trace)) return why;
    }
    return std::nullopt;
}

std::optional<Invalidity> Rule::apply_classify(const RuleValues& values, RuleTrace* trace) const {
    for (const Classifier& classifier : classify_) {
        if (classifier.remembers()) continue;
        const Result<std::string_view, Invalidity> label = classifier.label(values, "");
        if (!label.ok())
            return note_failure(trace, "classify", of_member(classifier.name(), label));
        if (auto why = set_text(values, "classify", classifier.name(), label.value(), trace)) {
            return why;
        }
    }
    return std::nullopt;
}

std::optional<Invalidity> Rule::apply_map(const RuleValues& values, RuleTrace* trace) const {
    for (const TextLookup& lookup : map_) {
        std::string text;
        if (const Brace* missing = lookup.of().append(values, text)) {
            return note_failure(trace, "map", missing_brace(lookup.name(), *missing));
        }
        const std::string* const found = lookup.find(text);
        if (found == nullptr) {
            // Not a mistake of the message: the table does not know everybody.
            if (trace != nullptr) {
                trace->steps.push_back(
                    {"map", lookup.name() + ": nothing stands for " + in_quotes(text), true});
            }
            continue;
        }
        if (auto why = set_text(values, "map", lookup.name(), *found, trace)) return why;
    }
    return std::nullopt;
}

std::optional<Invalidity> Rule::apply_set(const RuleValues& values, RuleTrace* trace) const {
    for (const SetMember& member : set_) {
        std::string json;
        if (const Brace* missing = member.value.append(values, json)) {
            return note_failure(trace, "set", missing_brace(member.name, *missing));
        }
        if (auto why = set_json(values, "set", member.name, json, json, trace)) return why;
    }
    return std::nullopt;
}

void Rule::apply_rename(const RuleValues& values, RuleTrace* trace) const {
    for (const auto& [from, to] : rename_) {
        const bool done = values.payload().rename(from, to);
        if (trace == nullptr) continue;
        trace->steps.push_back(
            {"rename", from.text + (done ? " is " + to + " now" : " is missing"), true});
    }
}

void Rule::apply_drop_fields(const RuleValues& values, RuleTrace* trace) const {
    for (const JsonPath& path : drop_fields_) {
        const bool done = values.payload().remove(path);
        if (trace == nullptr) continue;
        trace->steps.push_back({"drop_fields", path.text + (done ? "" : " is missing"), true});
    }
}

bool Rule::remembers() const {
    if (gathering_ || (battery_ && battery_->remembers())) return true;
    return std::any_of(classify_.begin(), classify_.end(),
                       [](const Classifier& one) { return one.remembers(); });
}

std::string Rule::subject(const RuleValues& values, std::string_view topic) const {
    std::string key;
    if (key_ && key_->append(values, key) == nullptr) return key;
    return std::string(topic);
}

std::optional<Invalidity> Rule::recall(const RuleValues& values,
                                       const std::optional<BatteryReading>& reading,
                                       std::int64_t unix_ms, SubjectMemory& memory,
                                       std::vector<PayloadMember>& members,
                                       RuleTrace* trace) const {
    if (reading && battery_->remembers()) {
        recall_battery(*reading, unix_ms, memory.battery, members, trace);
    }
    for (const Classifier& classifier : classify_) {
        if (!classifier.remembers()) continue;
        std::string& before = memory.label(classifier.name());
        const Result<std::string_view, Invalidity> label = classifier.label(values, before);
        if (!label.ok())
            return note_failure(trace, "classify", of_member(classifier.name(), label));
        if (before != label.value()) before = label.value();
        PayloadMember& member = members.emplace_back(PayloadMember{classifier.name(), ""});
        append_json_string(member.json, before);
        note_success(trace, "classify", classifier.name(), before);
    }
    return std::nullopt;
}

std::optional<std::string> Rule::key(const RuleValues& values, RuleTrace* trace) const {
    if (!key_) return std::nullopt;
    std::string key;
    if (const Brace* missing = key_->append(values, key)) {
        // Not a mistake: the update reaches those who select by no key.
        if (trace != nullptr) {
            trace->steps.push_back({"key", "none: {" + missing->name() + "} is missing", true});
        }
        return std::nullopt;
    }
    note_success(trace, "key", key_name_, key);
    return key;
}

}  // namespace rtbridge
