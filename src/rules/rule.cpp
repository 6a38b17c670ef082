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

std::optional<std::string> note_failure(RuleTrace* trace, std::string_view step,
                                        std::string reason) {
    if (trace != nullptr) trace->steps.push_back({std::string(step), reason, false});
    return reason;
}

}  // namespace

RuleValues Rule::values(const Publish& publish, const Topic& topic, WorkingPayload& payload) const {
    return {publish, name_, topic.capture_levels, key_ ? &*key_ : nullptr, payload};
}

std::optional<std::string> Rule::enrich(const RuleValues& values, RuleTrace* trace) const {
    if (!battery_ && set_.empty()) return std::nullopt;
    if (const char* mistake = values.payload().object_mistake()) {
        return note_failure(trace, battery_ ? "battery" : "set", mistake);
    }
    if (battery_) {
        if (auto reason = apply_battery(values, trace)) return reason;
    }
    for (const SetMember& member : set_) {
        if (auto reason = apply_set(member, values, trace)) return reason;
    }
    return std::nullopt;
}

std::optional<std::string> Rule::apply_battery(const RuleValues& values, RuleTrace* trace) const {
    const Result<std::string_view, std::string> state = battery_->state(values.payload());
    if (!state.ok()) return note_failure(trace, "battery", state.error());
    std::string json;
    append_json_string(json, state.value());
    if (const char* mistake = values.payload().set_member("state", json)) {
        return note_failure(trace, "battery", mistake);
    }
    note_success(trace, "battery", "state", state.value());
    return std::nullopt;
}

std::optional<std::string> Rule::apply_set(const SetMember& member, const RuleValues& values,
                                           RuleTrace* trace) const {
    std::string json;
    if (const Brace* missing = member.value.append(values, json)) {
        return note_failure(trace, "set", member.name + ": {" + missing->name() + "} is missing");
    }
    if (const char* mistake = values.payload().set_member(member.name, json)) {
        return note_failure(trace, "set", member.name + ": " + mistake);
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
