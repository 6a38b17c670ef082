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
#include "rules/classifier.h"
#include "rules/expression.h"
#include "rules/field_check.h"
#include "rules/gathering.h"
#include "rules/json_path.h"
#include "rules/json_template.h"
#include "rules/publish_topic.h"
#include "rules/rule_memory.h"
#include "rules/rule_trace.h"
#include "rules/rule_values.h"
#include "rules/text_lookup.h"
#include "rules/text_template.h"
#include "topic/topic_filter.h"

namespace rtbridge {

// A member to be set in a payload.
struct PayloadMember {
    std::string name;
    std::string json;
};

// One [[rule]], compiled: which topics it is for, and its steps. What follows from several rules
// meeting at one publish is the RuleSet's.
//
// Thread: any for what says nothing else; immutable but for the numbers that its expressions hold
// while they are worked out.
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
    [[nodiscard]] bool changes_payload() const {
        return !gathering_ &&
               (battery_ || !compute_.empty() || !classify_.empty() || !map_.empty() ||
                !set_.empty() || !rename_.empty() || !drop_fields_.empty());
    }
    // Whether enrich() does anything: then it can refuse a payload, and may change it.
    [[nodiscard]] bool has_steps() const { return first_step_ != nullptr; }
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

    // The steps that check the payload and add to it. Nothing, or why it is invalid; it may then be
    // changed in part. Thread: one at a time.
    [[nodiscard]] std::optional<Invalidity> enrich(const RuleValues& values,
                                                   std::optional<BatteryReading>& reading,
                                                   RuleTrace* trace) const;
    // Whether there are values that depend on what came before. They never go into the payload that
    // replaces the publisher's: the broker shows a re-sent message twice and compares.
    [[nodiscard]] bool remembers() const;
    // What the messages that these values are of are about: their key, without one their topic.
    [[nodiscard]] std::string subject(const RuleValues& values, std::string_view topic) const;
    // Appends those values, to become members of the payload for browsers and derived topics.
    // Nothing, or why the payload is invalid. `reading`: what enrich() read, which gave nothing.
    // Thread: one at a time.
    [[nodiscard]] std::optional<Invalidity> recall(const RuleValues& values,
                                                   const std::optional<BatteryReading>& reading,
                                                   std::int64_t unix_ms, SubjectMemory& memory,
                                                   std::vector<PayloadMember>& members,
                                                   RuleTrace* trace) const;
    // The steps that come last: rename, drop_fields. REQUIRES: enrich() gave nothing.
    void tidy(const RuleValues& values, RuleTrace* trace) const;
    // Null: the payload is that of the publish.
    [[nodiscard]] const Gathering* gathering() const { return gathering_ ? &*gathering_ : nullptr; }
    [[nodiscard]] std::size_t position_of(const Topic& topic) const {
        return static_cast<std::size_t>(&topic - topics_.data());
    }
    // REQUIRES: mqtt() is Publish.
    [[nodiscard]] const PublishTopic& publish_topic() const { return *publish_topic_; }
    // Nothing where the rule has no key or this payload has no value for it.
    [[nodiscard]] std::optional<std::string> key(const RuleValues& values, RuleTrace* trace) const;

private:
    struct SetMember {
        std::string name;
        JsonTemplate value;
    };
    struct Computed {
        std::string name;
        Expression value;
    };
    struct Rename {
        JsonPath from;
        std::string to;
    };
    class Compiler;

    Rule() = default;
    [[nodiscard]] std::optional<Invalidity> check_fields(const RuleValues& values,
                                                         RuleTrace* trace) const;
    [[nodiscard]] std::optional<Invalidity> apply_battery(const RuleValues& values,
                                                          std::optional<BatteryReading>& reading,
                                                          RuleTrace* trace) const;
    void recall_battery(const BatteryReading& reading, std::int64_t unix_ms, BatteryMemory& memory,
                        std::vector<PayloadMember>& members, RuleTrace* trace) const;
    [[nodiscard]] std::optional<Invalidity> apply_compute(const RuleValues& values,
                                                          RuleTrace* trace) const;
    [[nodiscard]] std::optional<Invalidity> apply_classify(const RuleValues& values,
                                                           RuleTrace* trace) const;
    [[nodiscard]] std::optional<Invalidity> apply_map(const RuleValues& values,
                                                      RuleTrace* trace) const;
    [[nodiscard]] std::optional<Invalidity> apply_set(const RuleValues& values,
                                                      RuleTrace* trace) const;
    void apply_rename(const RuleValues& values, RuleTrace* trace) const;
    void apply_drop_fields(const RuleValues& values, RuleTrace* trace) const;

    std::string name_;
    std::vector<Topic> topics_;
    std::vector<std::string> captures_;  // by capture number
    std::optional<TextTemplate> key_;
    std::string key_name_;
    std::vector<FieldCheck> fields_;
    OnInvalid on_invalid_ = OnInvalid::Pass;
    std::optional<Gathering> gathering_;
    std::optional<Battery> battery_;
    std::vector<Computed> compute_;
    std::vector<Classifier> classify_;
    std::vector<TextLookup> map_;
    std::vector<SetMember> set_;
    std::vector<Rename> rename_;
    std::vector<JsonPath> drop_fields_;
    const char* first_step_ = nullptr;  // that looks into the payload; null: there is none
    TowardsMqtt mqtt_ = TowardsMqtt::Keep;
    std::optional<PublishTopic> publish_topic_;
    std::string event_;
    std::optional<JsonTemplate> body_;
    bool has_deadband_ = false;
    std::string browser_options_;
};

}  // namespace rtbridge
