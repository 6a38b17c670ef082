#include "rules/rule_set.h"

#include <unordered_map>

#include "rules/rule.h"
#include "rules/rule_application.h"
#include "rules/rule_trace.h"
#include "rules/rule_workspace.h"
#include "rules/transport_bodies.h"
#include "topic/topic_levels.h"
#include "topic/topic_trie.h"

namespace rtbridge {

RuleWorkspace::RuleWorkspace() : memory_(std::make_unique<Memory>()) {}
RuleWorkspace::~RuleWorkspace() = default;
RuleWorkspace::RuleWorkspace(RuleWorkspace&&) noexcept = default;
RuleWorkspace& RuleWorkspace::operator=(RuleWorkspace&&) noexcept = default;
const std::vector<RuleResult>& RuleWorkspace::results() const {
    return memory_->results;
}
void RuleWorkspace::take_time(bool on) {
    memory_->take_time = on;
}
RuleMemory& RuleWorkspace::remembered() {
    return memory_->remembered;
}

// Every topic of every rule under a number. Numbers rise in file order, so the ascending numbers
// that the trie gives are the matching rules in file order, and the first number of a rule is its
// first matching topic.
struct RuleSet::Index {
    TopicTrie trie;
    std::vector<RuleMatch> by_id;
};

RuleSet::RuleSet() = default;
RuleSet::~RuleSet() = default;

std::shared_ptr<const RuleSet> RuleSet::compile(const Config& config, Diagnostics& diagnostics) {
    const std::shared_ptr<RuleSet> set(new RuleSet);
    std::unordered_map<std::string_view, const SourcePlace*> names;
    bool ok = true;
    for (const RuleConfig& rule_config : config.rules) {
        const auto& [name, place] = rule_config.name;
        const auto [earlier, is_new] = names.emplace(name, &place);
        if (!is_new && !name.empty()) {
            diagnostics.error(
                place, "a second rule is named \"" + name + "\"; the first is in line " +
                           std::to_string(earlier->second->line) + " of " + earlier->second->file);
            ok = false;
        }
        std::unique_ptr<const Rule> rule = Rule::compile(rule_config, diagnostics);
        if (rule == nullptr) ok = false;
        set->rules_.push_back(std::move(rule));
    }
    TransportBodies bodies;
    const auto compile_body = [&](const std::optional<TemplateSource>& source,
                                  std::optional<JsonTemplate>& body) {
        if (!source) return;
        body = JsonTemplate::compile(*source, TemplatePlace::TransportBody, TemplateNames(),
                                     diagnostics);
        ok = ok && body.has_value();
    };
    compile_body(config.sse.body, bodies.sse);
    compile_body(config.socketio.body, bodies.socketio);
    if (!ok) return nullptr;
    set->transport_bodies_ = std::make_unique<const TransportBodies>(std::move(bodies));

    auto index = std::make_unique<Index>();
    for (std::uint32_t i = 0; i < set->rules_.size(); ++i) {
        for (const Rule::Topic& topic : set->rules_[i]->topics()) {
            index->trie.insert(topic.filter, static_cast<std::uint32_t>(index->by_id.size()));
            index->by_id.push_back({i, set->rules_[i].get(), &topic});
        }
    }
    set->index_ = std::move(index);
    return set;
}

namespace {

RuleTrace begin_trace(const RuleMatch& match, std::string_view topic) {
    RuleTrace trace;
    trace.rule = match.rule->name();
    trace.filter = match.topic->text;
    for (const TopicFilter::Capture& capture : match.topic->filter.captures()) {
        trace.captures.emplace_back(capture.name, topic_level(topic, capture.level));
    }
    return trace;
}

}  // namespace

Outcome RuleSet::apply(const Publish& publish, RuleWorkspace& workspace, const Clock& clock,
                       std::vector<RuleTrace>* trace) const {
    RuleWorkspace::Memory& memory = *workspace.memory_;
    memory.results.clear();
    if (trace != nullptr) trace->clear();
    index_->trie.match(publish.topic, memory.topic_ids);
    if (memory.topic_ids.empty()) return {};  // usually: most publishes are not for browsers

    memory.matches.clear();
    for (const std::uint32_t id : memory.topic_ids) {
        const RuleMatch& match = index_->by_id[id];
        if (!memory.matches.empty() && memory.matches.back().rule == match.rule) continue;
        memory.matches.push_back(match);
        if (trace != nullptr) trace->push_back(begin_trace(match, publish.topic));
    }
    RuleApplication application(publish, memory.matches, *transport_bodies_, clock, memory,
                                memory.remembered, trace == nullptr ? nullptr : trace->data());
    Outcome outcome = application.run();
    memory.payload.trim();
    memory.take_time = false;
    return outcome;
}

}  // namespace rtbridge
