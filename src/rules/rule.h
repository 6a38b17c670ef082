#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"
#include "handoff/invalid_reason.h"
#include "rules/battery.h"
#include "rules/brace.h"
#include "rules/field_check.h"
#include "rules/json_template.h"
#include "rules/publish_topic.h"
#include "rules/rule_trace.h"
#include "rules/rule_values.h"
#include "rules/text_template.h"
#include "topic/topic_filter.h"

namespace rtbridge {

// One [[rule]], compiled: which topics it is for, and its steps. What follows from several rules
// meeting at one publish is the RuleSet's.
//
// Thread: any; immutable.
class Rule {
public:
    struct Topic {
        std::string text;  // as written
        TopicFilter filter;
        std::vector<std::uint32_t> capture_levels;  // by capture number of the rule
    };

    // Null where `diagnostics` got an error; every mistake is reported.
    [[nodiscard]] static std::unique_ptr<const Rule> compile(const RuleConfig& config,
                                                             Diagnostics& diagnostics);

    [[nodiscard]] const std::string& name() const { return name_; }
    // What browsers call the key in a query, "userId"; empty = the rule has no key.
    [[nodiscard]] const std::string& key_name() const { return key_name_; }
    [[nodiscard]] const std::vector<Topic>& topics() const { return topics_; }
    [[nodiscard]] OnInvalid on_invalid() const { return on_invalid_; }
    // Whether a payload may leave enrich() other than it came.
    [[nodiscard]] bool changes_payload() const { return battery_.has_value() || !set_.empty(); }
    // Whether enrich() does anything: then it can refuse a payload, and may change it.
    [[nodiscard]] bool has_steps() const {
        return !fields_.empty() || battery_.has_value() || !set_.empty();
    }
    [[nodiscard]] TowardsMqtt mqtt() const { return mqtt_; }
    // What browsers are told beside the payload or in its place.
    [[nodiscard]] const std::string& event() const { return event_; }
    [[nodiscard]] const std::optional<JsonTemplate>& body() const { return body_; }
    // Whether somebody looks at the payload behind the body.
    [[nodiscard]] bool keeps_body_source() const { return body_.has_value() && has_deadband_; }
    // The options `browser` and `history` in words, for explain; empty = none. They take effect
    // behind the rules: in Thinning and with the listeners.
    [[nodiscard]] const std::string& browser_options() const { return browser_options_; }

    [[nodiscard]] RuleValues values(const Publish& publish, const Topic& topic,
                                    WorkingPayload& payload) const;

    // The payload steps. Nothing, or why the payload is invalid; it may then be changed in part.
    [[nodiscard]] std::optional<Invalidity> enrich(const RuleValues& values,
                                                   RuleTrace* trace) const;
    // REQUIRES: mqtt() is Publish.
    [[nodiscard]] const PublishTopic& publish_topic() const { return *publish_topic_; }
    // Nothing where the rule has no key or this payload has no value for it.
    [[nodiscard]] std::optional<std::string> key(const RuleValues& values, RuleTrace* trace) const;

private:
    struct SetMember {
        std::string name;
        JsonTemplate value;
    };
    class Compiler;

    Rule() = default;
    [[nodiscard]] std::optional<Invalidity> check_fields(const RuleValues& values,
                                                         RuleTrace* trace) const;
    [[nodiscard]] std::optional<Invalidity> apply_battery(const RuleValues& values,
                                                          RuleTrace* trace) const;
    [[nodiscard]] std::optional<Invalidity> apply_set(const SetMember& member,
                                                      const RuleValues& values,
                                                      RuleTrace* trace) const;

    std::string name_;
    std::vector<Topic> topics_;
    std::vector<std::string> captures_;  // by capture number
    std::optional<TextTemplate> key_;
    std::string key_name_;
    std::vector<FieldCheck> fields_;
    OnInvalid on_invalid_ = OnInvalid::Pass;
    std::optional<Battery> battery_;
    std::vector<SetMember> set_;
    TowardsMqtt mqtt_ = TowardsMqtt::Keep;
    std::optional<PublishTopic> publish_topic_;
    std::string event_;
    std::optional<JsonTemplate> body_;
    bool has_deadband_ = false;
    std::string browser_options_;
};

}  // namespace rtbridge
