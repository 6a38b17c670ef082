#pragma once

#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "fakes/fake_clock.h"
#include "rules/rule.h"
#include "rules/rule_set.h"
#include "rules/rule_trace.h"
#include "rules/rule_workspace.h"

// Short ways to write rules in tests.

namespace rtbridge {

inline TemplateSource source(const char* text) {
    return {std::string(text), {"test", 9, 9}};
}
inline TemplateSource source(std::int64_t number) {
    return {number, {"test", 9, 9}};
}
inline TemplateSource source(double number) {
    return {number, {"test", 9, 9}};
}
inline TemplateSource source(bool truth) {
    return {truth, {"test", 9, 9}};
}
inline TemplateSource source(TemplateSource::Array array) {
    return {std::move(array), {"test", 9, 9}};
}
inline TemplateSource source(TemplateSource::Object object) {
    return {std::move(object), {"test", 9, 9}};
}

// A rule that keeps what it sees: tests add the steps they are about.
inline RuleConfig plain_rule(const std::string& name, std::initializer_list<const char*> topics) {
    RuleConfig rule;
    rule.name = {name, {"test", 1, 1}};
    for (const char* topic : topics) {
        rule.topics.push_back(
            {topic, {"test", 2, static_cast<std::uint32_t>(rule.topics.size()) + 1}});
    }
    return rule;
}

inline Placed<std::string> placed(const char* text) {
    return {text, {"test", 5, 5}};
}

inline RuleConfig battery_rule(const std::string& name = "battery",
                               std::initializer_list<const char*> topics = {"battery/#"}) {
    RuleConfig rule = plain_rule(name, topics);
    rule.battery = BatteryConfig();
    rule.key = placed("{payload.userId}");
    return rule;
}

inline std::shared_ptr<const RuleSet> compile(std::vector<RuleConfig> rules,
                                              Diagnostics& diagnostics) {
    Config config;
    config.rules = std::move(rules);
    return RuleSet::compile(config, diagnostics);
}

// Rules that must compile, and one publish after the other through them.
class Rules {
public:
    explicit Rules(std::vector<RuleConfig> rules) {
        Diagnostics diagnostics;
        set_ = compile(std::move(rules), diagnostics);
        if (set_ == nullptr) throw std::logic_error(to_line(diagnostics.sorted().front()));
    }

    Outcome apply(std::string_view topic, std::string_view payload) {
        return apply(Publish{.topic = topic, .payload = payload});
    }
    Outcome apply(const Publish& publish) { return set_->apply(publish, workspace_, clock); }
    std::vector<RuleTrace> trace(const Publish& publish) {
        std::vector<RuleTrace> traces;
        (void)set_->apply(publish, workspace_, clock, &traces);
        return traces;
    }

    FakeClock clock;

    [[nodiscard]] const RuleSet& set() const { return *set_; }
    [[nodiscard]] const RuleWorkspace& workspace() const { return workspace_; }

private:
    std::shared_ptr<const RuleSet> set_;
    RuleWorkspace workspace_;
};

}  // namespace rtbridge
