#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "fakes/fake_clock.h"
#include "rules/rule_set.h"
#include "rules/rule_workspace.h"
#include "topic/topic_trie.h"

// What a publish costs the broker thread: find its rules, enrich it, or find that nobody wants it.

namespace rtbridge {
namespace {

RuleConfig battery_rule(const std::string& name, const std::string& topic) {
    RuleConfig rule;
    rule.name.value = name;
    rule.topics = {{topic, {}}};
    rule.key = Placed<std::string>{"{payload.userId}", {}};
    rule.battery = BatteryConfig();
    return rule;
}

// One rule for each site, as a large installation might write them.
std::shared_ptr<const RuleSet> rules_for_sites(std::int64_t count) {
    Config config;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::string site = "site" + std::to_string(i);
        config.rules.push_back(battery_rule(site, site + "/battery/{device}/state"));
    }
    Diagnostics diagnostics;
    std::shared_ptr<const RuleSet> rules = RuleSet::compile(config, diagnostics);
    if (rules == nullptr) std::abort();
    return rules;
}

// `count` topics, spread over the filters.
std::vector<std::string> topics_of_sites(std::int64_t count, std::int64_t sites) {
    std::vector<std::string> topics;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t site = i * 7919 % sites;
        topics.push_back("site" + std::to_string(site) + "/battery/device7/state");
    }
    return topics;
}

// A burst from the same few devices: the usual case, in which the nodes are in the cache.
void BM_Match(benchmark::State& state) {
    const std::int64_t filters = state.range(0);
    TopicTrie trie;
    for (std::int64_t i = 0; i < filters; ++i) {
        const std::string text = "site" + std::to_string(i) + "/battery/+/state";
        trie.insert(TopicFilter::parse(text).value(), static_cast<std::uint32_t>(i));
    }
    const std::vector<std::string> topics = topics_of_sites(state.range(1), filters);
    std::vector<std::uint32_t> ids;
    std::size_t at = 0;
    for (auto _ : state) {
        trie.match(topics[at], ids);
        benchmark::DoNotOptimize(ids.data());
        if (++at == topics.size()) at = 0;
    }
}
BENCHMARK(BM_Match)
    ->ArgNames({"rules", "topics"})
    ->Args({10, 10})
    ->Args({10'000, 10})
    ->Args({10'000, 10'000});

void BM_Unmatched(benchmark::State& state) {
    const std::shared_ptr<const RuleSet> rules = rules_for_sites(state.range(0));
    RuleWorkspace workspace;
    const FakeClock clock;
    const Publish publish{.topic = "plant/7/temperature", .payload = "21.5"};
    for (auto _ : state) {
        Outcome outcome = rules->apply(publish, workspace, clock);
        benchmark::DoNotOptimize(outcome);
    }
}
BENCHMARK(BM_Unmatched)->ArgName("rules")->Arg(10)->Arg(10'000);

void BM_MatchAndEnrich(benchmark::State& state) {
    const std::shared_ptr<const RuleSet> rules = rules_for_sites(state.range(0));
    RuleWorkspace workspace;
    const FakeClock clock;
    const Publish publish{
        .topic = "site5/battery/device7/state",
        .payload = R"({"userId":"user-1","batteryPercent":80,"batteryPower":1200})"};
    for (auto _ : state) {
        Outcome outcome = rules->apply(publish, workspace, clock);
        benchmark::DoNotOptimize(outcome);
    }
}
BENCHMARK(BM_MatchAndEnrich)->ArgName("rules")->Arg(10)->Arg(10'000);

void BM_Enrich(benchmark::State& state) {
    Config config;
    config.rules = {battery_rule("battery", "battery/#")};
    config.rules.front().mqtt = TowardsMqtt::Replace;
    Diagnostics diagnostics;
    const std::shared_ptr<const RuleSet> rules = RuleSet::compile(config, diagnostics);
    RuleWorkspace workspace;
    const FakeClock clock;
    std::string payload = R"({"userId":"user-1","batteryPercent":80,"batteryPower":1200})";
    for (std::size_t i = 0; payload.size() + 20 < static_cast<std::size_t>(state.range(0)); ++i) {
        payload.insert(payload.size() - 1, ",\"cell" + std::to_string(i) + "\":3.71");
    }
    const Publish publish{.topic = "battery/topic", .payload = payload};
    for (auto _ : state) {
        Outcome outcome = rules->apply(publish, workspace, clock);
        benchmark::DoNotOptimize(outcome);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(payload.size()));
}
BENCHMARK(BM_Enrich)->ArgName("bytes")->Arg(60)->Arg(1024)->Arg(1024 * 1024);

}  // namespace
}  // namespace rtbridge
