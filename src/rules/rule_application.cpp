#include "rules/rule_application.h"

#include <algorithm>

#include "base/utf8.h"

namespace rtbridge {
namespace {

PayloadShape shape_without_json(std::string_view payload) {
    return is_utf8(payload) ? PayloadShape::Text : PayloadShape::Binary;
}

}  // namespace

RuleApplication::RuleApplication(const Publish& publish, const std::vector<RuleMatch>& matches,
                                 WorkingPayload& payload, std::vector<AppliedRule>& applied,
                                 std::vector<RuleResult>& results, RuleTrace* traces)
    : publish_(publish),
      matches_(matches),
      payload_(payload),
      applied_(applied),
      results_(results),
      traces_(traces) {}

Outcome RuleApplication::run() {
    outcome_.matched = static_cast<std::uint32_t>(matches_.size());
    applied_.assign(matches_.size(), AppliedRule());
    payload_.reset(publish_.payload);
    if (publish_.payload.empty()) {
        run_without_payload();
        return std::move(outcome_);
    }
    for (std::size_t at = 0; at < matches_.size(); ++at) {
        if (apply_rule(at) == Continue::No) return std::move(outcome_);
    }
    for (std::size_t at = 0; at < matches_.size(); ++at) tell_browsers(at);
    return std::move(outcome_);
}

// MQTT gets an empty payload as it is: with retain it clears what the broker holds. What the rules
// made of that message elsewhere goes with it, as far as its topic can be told without a payload.
void RuleApplication::run_without_payload() {
    for (std::size_t at = 0; at < matches_.size(); ++at) {
        const auto& [index, rule, topic] = matches_[at];
        results_.push_back({index, RuleVerdict::Ok});
        if (!publish_.retain) {
            note(at, "mqtt", "keep (empty payload)");
            continue;
        }
        if (rule->mqtt() != TowardsMqtt::Publish) {
            note(at, "mqtt", "keep (clears the retained message)");
            add_update(publish_.topic, matches_[at], std::nullopt, "", PayloadShape::Cleared);
            continue;
        }
        if (!rule->publish_topic().known_from_topic()) {
            note(at, "mqtt", "nothing to clear: the topic needs a payload");
            continue;
        }
        const Result<std::string, std::string> cleared =
            rule->publish_topic().make(rule->values(publish_, *topic, payload_));
        if (!cleared.ok()) {
            note(at, "mqtt", cleared.error());
            continue;
        }
        note(at, "mqtt", "clear " + cleared.value());
        const std::vector<DerivedPublish>& publishes = outcome_.publishes;
        const bool done =
            std::any_of(publishes.begin(), publishes.end(),
                        [&](const DerivedPublish& p) { return p.topic == cleared.value(); });
        if (!done) outcome_.publishes.push_back({cleared.value(), ""});
        add_update(cleared.value(), matches_[at], std::nullopt, "", PayloadShape::Cleared);
    }
}

RuleApplication::Continue RuleApplication::apply_rule(std::size_t at) {
    payload_.save();
    if (const std::optional<std::string> reason = run_steps(at)) return refuse(at, *reason);
    applied_[at].valid = true;
    results_.push_back({matches_[at].index, RuleVerdict::Ok});
    return Continue::Yes;
}

std::optional<std::string> RuleApplication::run_steps(std::size_t at) {
    const auto& [index, rule, topic] = matches_[at];
    const RuleValues values = rule->values(publish_, *topic, payload_);
    RuleTrace* trace = traces_ == nullptr ? nullptr : &traces_[at];
    if (auto reason = rule->enrich(values, trace)) return reason;
    return pass_to_mqtt(at);
}

std::optional<std::string> RuleApplication::pass_to_mqtt(std::size_t at) {
    const auto& [index, rule, topic] = matches_[at];
    switch (rule->mqtt()) {
        case TowardsMqtt::Keep:
            note(at, "mqtt", "keep");
            break;
        case TowardsMqtt::Replace:
            outcome_.replacement.reset();
            if (payload_.text() != publish_.payload) outcome_.replacement.emplace(payload_.text());
            note(at, "mqtt", "replace");
            break;
        case TowardsMqtt::Publish: {
            Result<std::string, std::string> to =
                rule->publish_topic().make(rule->values(publish_, *topic, payload_));
            if (!to.ok()) {
                note(at, "mqtt", to.error(), false);
                return to.error();
            }
            note(at, "mqtt", "publish " + to.value());
            outcome_.publishes.push_back({to.value(), std::string(payload_.text())});
            applied_[at].publish_topic = std::move(to).value();
            break;
        }
    }
    return std::nullopt;
}

RuleApplication::Continue RuleApplication::refuse(std::size_t at, const std::string& reason) {
    const RuleMatch& match = matches_[at];
    if (match.rule->on_invalid() == OnInvalid::Drop) {
        note(at, "on_invalid", "drop: " + reason);
        results_.push_back({match.index, RuleVerdict::Dropped});
        const std::uint32_t invalid = outcome_.invalid + 1;
        outcome_ = Outcome();
        outcome_.matched = static_cast<std::uint32_t>(matches_.size());
        outcome_.invalid = invalid;
        outcome_.drop = true;
        return Continue::No;
    }
    note(at, "on_invalid", "pass: " + reason);
    results_.push_back({match.index, RuleVerdict::Invalid});
    ++outcome_.invalid;
    payload_.restore();
    return Continue::Yes;
}

void RuleApplication::tell_browsers(std::size_t at) {
    const auto& [index, rule, topic] = matches_[at];
    const AppliedRule& applied = applied_[at];
    RuleTrace* trace = traces_ == nullptr ? nullptr : &traces_[at];
    std::optional<std::string> key = rule->key(rule->values(publish_, *topic, payload_), trace);
    if (traces_ != nullptr && !rule->browser_options().empty()) {
        note(at, "browser", rule->browser_options());
    }
    if (applied.valid) {
        const std::string_view seen_topic =
            applied.publish_topic.empty() ? publish_.topic : applied.publish_topic;
        add_update(seen_topic, matches_[at], std::move(key), payload_.text(), final_shape());
    } else {
        add_update(publish_.topic, matches_[at], std::move(key), payload_.original(),
                   shape_without_json(payload_.original()));
    }
}

// One update per topic and key; what passed its rules beats what did not.
void RuleApplication::add_update(std::string_view topic, const RuleMatch& match,
                                 std::optional<std::string> key, std::string_view payload,
                                 PayloadShape shape) {
    const std::string_view key_name =
        key ? std::string_view(match.rule->key_name()) : std::string_view();
    for (BrowserUpdate& update : outcome_.updates) {
        const bool same =
            update.topic == topic && update.key_name == key_name && update.key == key.value_or("");
        if (!same) continue;
        if (shape == PayloadShape::Json && update.shape != PayloadShape::Json) {
            update.payload = payload;
            update.shape = shape;
        }
        return;
    }
    outcome_.updates.push_back({std::string(topic), std::string(key_name),
                                std::move(key).value_or(""), std::string(payload), shape,
                                match.index});
}

PayloadShape RuleApplication::final_shape() {
    if (payload_.json_mistake() == nullptr) return PayloadShape::Json;
    return shape_without_json(payload_.text());
}

void RuleApplication::note(std::size_t at, std::string_view step, std::string result, bool ok) {
    if (traces_ != nullptr) traces_[at].steps.push_back({std::string(step), std::move(result), ok});
}

}  // namespace rtbridge
