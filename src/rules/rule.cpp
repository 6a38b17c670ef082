#include "rules/rule.h"

#include "base/json_text.h"
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

}  // namespace

RuleValues Rule::values(const Publish& publish, const Topic& topic, WorkingPayload& payload) const {
    return {publish, name_, topic.capture_levels, key_ ? &*key_ : nullptr, payload};
}

std::optional<Invalidity> Rule::enrich(const RuleValues& values, RuleTrace* trace) const {
    if (!has_steps()) return std::nullopt;
    if (const char* mistake = values.payload().object_mistake()) {
        const char* const step = !fields_.empty() ? "fields" : battery_ ? "battery" : "set";
        return note_failure(trace, step, {InvalidReason::NotJson, "", mistake});
    }
    if (auto why = check_fields(values, trace)) return why;
    if (battery_) {
        if (auto why = apply_battery(values, trace)) return why;
    }
    for (const SetMember& member : set_) {
        if (auto why = apply_set(member, values, trace)) return why;
    }
    return std::nullopt;
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

std::optional<Invalidity> Rule::apply_battery(const RuleValues& values, RuleTrace* trace) const {
    const Result<std::string_view, Invalidity> state = battery_->state(values.payload());
    if (!state.ok()) return note_failure(trace, "battery", state.error());
    std::string json;
    append_json_string(json, state.value());
    if (const char* mistake = values.payload().set_member("state", json)) {
        return note_failure(trace, "battery", {InvalidReason::TooLarge, "", mistake});
    }
    note_success(trace, "battery", "state", state.value());
    return std::nullopt;
}

std::optional<Invalidity> Rule::apply_set(const SetMember& member, const RuleValues& values,
                                          RuleTrace* trace) const {
    std::string json;
    if (const Brace* missing = member.value.append(values, json)) {
        return note_failure(trace, "set",
                            {InvalidReason::Missing, missing->name(),
                             member.name + ": {" + missing->name() + "} is missing"});
    }
    if (const char* mistake = values.payload().set_member(member.name, json)) {
        return note_failure(trace, "set",
                            {InvalidReason::TooLarge, "", member.name + ": " + mistake});
    }
    note_success(trace, "set", member.name, json);
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
