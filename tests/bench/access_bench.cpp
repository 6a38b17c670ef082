#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "access/policy.h"

// What a decision costs, which the broker thread makes for each publish and each delivery, and the
// listener for each update and session: the same, however many rules there are.

namespace rtbridge {
namespace {

AclRuleConfig rule(AclEffect effect, const std::string& topic) {
    AclRuleConfig rule;
    rule.effect = effect;
    rule.actions = receive_live;
    rule.topics = {{topic, {}}};
    return rule;
}

std::shared_ptr<const Policy> compiled(std::vector<AclRuleConfig> rules) {
    Config config;
    config.acl.emplace();
    config.acl->rules = std::move(rules);
    Diagnostics diagnostics;
    std::shared_ptr<const Policy> policy = Policy::compile(config, diagnostics);
    if (policy == nullptr) std::abort();
    return policy;
}

std::string numbered(const std::string& name, std::int64_t number) {
    return name + std::to_string(number);
}

// Each makes `count` rules of one shape, of which anna's role or name makes one or all count.
using MakeRules = std::vector<AclRuleConfig> (*)(std::int64_t count);

std::vector<AclRuleConfig> rule_per_user(std::int64_t count) {
    std::vector<AclRuleConfig> rules;
    for (std::int64_t i = 0; i < count; ++i) {
        rules.push_back(rule(AclEffect::Allow, "site" + std::to_string(i) + "/anna/#"));
        rules.back().user = {i == 5 ? "anna" : numbered("user", i), {}};
    }
    return rules;
}

std::vector<AclRuleConfig> rules_of_one_role(std::int64_t count) {
    std::vector<AclRuleConfig> rules;
    for (std::int64_t i = 0; i < count; ++i) {
        rules.push_back(rule(AclEffect::Allow, numbered("site", i) + "/+/state"));
        rules.back().role = {"operator", {}};
    }
    return rules;
}

std::vector<AclRuleConfig> rules_with_placeholders(std::int64_t count) {
    std::vector<AclRuleConfig> rules;
    for (std::int64_t i = 0; i < count; ++i) {
        rules.push_back(rule(AclEffect::Allow, numbered("site", i) + "/{user}/#"));
    }
    return rules;
}

std::vector<AclRuleConfig> denies_against_all(std::int64_t count) {
    std::vector<AclRuleConfig> rules{rule(AclEffect::Allow, "#")};
    for (std::int64_t i = 0; i < count; ++i) {
        rules.push_back(rule(AclEffect::Deny, numbered("site", i) + "/secret/#"));
    }
    return rules;
}

std::vector<AclRuleConfig> rules_with_keys(std::int64_t count) {
    std::vector<AclRuleConfig> rules;
    for (std::int64_t i = 0; i < count; ++i) {
        rules.push_back(rule(AclEffect::Allow, "+/anna/state"));
        rules.back().keys = {{numbered("key", i), {}}};
    }
    return rules;
}

Identity anna() {
    Identity identity;
    identity.user = "anna";
    identity.roles = {"operator"};
    return identity;
}

void BM_Decide(benchmark::State& state, MakeRules make) {
    const std::shared_ptr<const Grants> grants = compiled(make(state.range(0)))->grants(anna());
    for (auto _ : state) {
        benchmark::DoNotOptimize(grants->may(receive_live, "site5/anna/state", "key5"));
    }
}
#define RULES ArgName("rules")->Arg(10)->Arg(1'000)->Arg(10'000)
BENCHMARK_CAPTURE(BM_Decide, per_user, rule_per_user)->RULES;
BENCHMARK_CAPTURE(BM_Decide, one_role, rules_of_one_role)->RULES;
BENCHMARK_CAPTURE(BM_Decide, placeholders, rules_with_placeholders)->RULES;
BENCHMARK_CAPTURE(BM_Decide, denies, denies_against_all)->RULES;
BENCHMARK_CAPTURE(BM_Decide, keys, rules_with_keys)->RULES;

void BM_Coverage(benchmark::State& state, MakeRules make) {
    const std::shared_ptr<const Grants> grants = compiled(make(state.range(0)))->grants(anna());
    const TopicFilter filter = TopicFilter::parse("site5/anna/#").value();
    for (auto _ : state) benchmark::DoNotOptimize(grants->coverage(receive_live, filter));
}
BENCHMARK_CAPTURE(BM_Coverage, per_user, rule_per_user)->RULES;
BENCHMARK_CAPTURE(BM_Coverage, denies, denies_against_all)->RULES;

// What a login costs.
void BM_Grants(benchmark::State& state, MakeRules make) {
    const std::shared_ptr<const Policy> policy = compiled(make(state.range(0)));
    const Identity identity = anna();
    for (auto _ : state) benchmark::DoNotOptimize(policy->grants(identity));
}
BENCHMARK_CAPTURE(BM_Grants, per_user, rule_per_user)->RULES;
BENCHMARK_CAPTURE(BM_Grants, placeholders, rules_with_placeholders)->RULES;

void BM_Compile(benchmark::State& state, MakeRules make) {
    Config config;
    config.acl.emplace();
    config.acl->rules = make(state.range(0));
    for (auto _ : state) {
        Diagnostics diagnostics;
        benchmark::DoNotOptimize(Policy::compile(config, diagnostics));
    }
}
BENCHMARK_CAPTURE(BM_Compile, per_user, rule_per_user)->RULES->Unit(benchmark::kMicrosecond);
#undef RULES

}  // namespace
}  // namespace rtbridge
