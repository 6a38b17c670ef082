#include "ctl/explain.h"

#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "configuration.h"
#include "quarantine.h"
#include "rules/rule.h"
#include "rules/rule_trace.h"
#include "rules/rule_workspace.h"
#include "topic/topic_filter.h"

namespace rtbridge {
namespace {

constexpr int name_width = 12;

void print_line(std::ostream& out, const std::string& name, std::string_view text) {
    out << "  " << std::left << std::setw(name_width) << name << escape_control(text) << "\n";
}

void print_rule(std::ostream& out, const RuleTrace& trace) {
    out << "rule " << trace.rule << " matches by " << trace.filter << "\n";
    for (const auto& [name, value] : trace.captures) {
        print_line(out, "capture", std::string(name).append("=").append(value));
    }
    for (const RuleTrace::Step& step : trace.steps) {
        print_line(out, step.name, step.ok ? step.result : "failed: " + step.result);
    }
}

void print_mqtt(std::ostream& out, const RuleSet& rules, const Publish& publish,
                const Outcome& outcome) {
    out << "MQTT subscribers get\n";
    if (outcome.quarantined) {
        const auto& [index, why] = *outcome.quarantined;
        const std::string& rule = rules.rules()[index]->name();
        print_line(out, "nothing", "the publish is in quarantine");
        print_line(out, "topic", std::string(quarantine_prefix) + rule);
        print_line(out, "envelope", quarantine_envelope(publish, rule, why));
        return;
    }
    if (outcome.drop) {
        print_line(out, "nothing", "the publish is dropped");
        return;
    }
    print_line(out, "topic", publish.topic);
    print_line(out, outcome.replacement ? "enriched" : "unchanged",
               outcome.replacement ? std::string_view(*outcome.replacement) : publish.payload);
    for (const DerivedPublish& derived : outcome.publishes) {
        print_line(out, "topic", derived.topic);
        print_line(out, "derived", derived.payload);
    }
}

void print_browser_update(std::ostream& out, const BrowserUpdate& update) {
    print_line(out, "topic", update.topic);
    if (!update.key_name.empty()) print_line(out, "key", update.key_name + "=" + update.key);
    if (!update.event.empty()) print_line(out, "event", update.event);
    switch (update.shape) {
        case PayloadShape::Json:
            print_line(out, "body", update.payload);
            break;
        case PayloadShape::Cleared:
            print_line(out, "cleared", "its newest values are gone");
            break;
        case PayloadShape::Text:
        case PayloadShape::Binary:
            print_line(out, "skipped", "/ws carries only JSON that passed its rules");
            break;
    }
    if (!update.sse_body.empty()) print_line(out, "sse", update.sse_body);
    if (update.sse_body_missing) print_line(out, "sse", "skipped: its body cannot be made");
    if (!update.socketio_body.empty()) print_line(out, "socketio", update.socketio_body);
    if (update.socketio_body_missing) {
        print_line(out, "socketio", "skipped: its body cannot be made");
    }
}

}  // namespace

void explain(const RuleSet& rules, const Publish& publish, std::ostream& out) {
    RuleWorkspace workspace;
    std::vector<RuleTrace> traces;
    const Outcome outcome = rules.apply(publish, workspace, SystemClock(), &traces);

    if (traces.empty()) out << "no rule matches " << escape_control(publish.topic) << "\n";
    for (const RuleTrace& trace : traces) print_rule(out, trace);
    print_mqtt(out, rules, publish, outcome);
    out << "browsers get\n";
    if (outcome.updates.empty()) print_line(out, "nothing", "");
    for (const BrowserUpdate& update : outcome.updates) print_browser_update(out, update);
}

void add_explain(CLI::App& tool, int& exit_code) {
    struct Options {
        std::string file, topic, payload, client, user;
        bool retain = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* const command =
        tool.add_subcommand("explain", "Show step by step what the plugin makes of a publish");
    command->add_option("FILE", options->file, "The configuration file")->required();
    command->add_option("TOPIC", options->topic, "The topic of the publish")->required();
    command->add_option("PAYLOAD", options->payload, "Its payload")->required();
    command->add_option("--client", options->client, "MQTT client id of the publisher");
    command->add_option("--user", options->user, "MQTT user name of the publisher");
    command->add_flag("--retain", options->retain, "The publish is retained");
    command->callback([options, &exit_code] {
        exit_code = 1;
        Diagnostics diagnostics;
        const std::optional<Configuration> loaded = load_configuration(options->file, diagnostics);
        for (const Diagnostic& diagnostic : diagnostics.sorted()) std::cerr << to_text(diagnostic);
        if (!loaded) return;
        const auto filter = TopicFilter::parse(options->topic);
        if (!filter.ok() || options->topic.find_first_of("+#") != std::string::npos) {
            std::cerr << "rtbridgectl: not a topic to publish to: "
                      << escape_control(options->topic)
                      << (filter.ok() ? " has wildcards" : ": " + filter.error()) << "\n";
            return;
        }
        explain(*loaded->rules,
                {.topic = options->topic,
                 .payload = options->payload,
                 .retain = options->retain,
                 .client = options->client,
                 .user = options->user},
                std::cout);
        exit_code = 0;
    });
}

}  // namespace rtbridge
