#include "ctl/explain.h"

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
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
constexpr std::chrono::milliseconds cost_patience{50};
constexpr std::size_t cost_runs_max = 100'000;

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

// What one transport tells in place of `body`, if anything.
void print_transport(std::ostream& out, const char* name, const std::string& own_body, bool missing,
                     bool json) {
    if (missing) {
        print_line(out, name, "skipped: its body cannot be made");
    } else if (!own_body.empty()) {
        print_line(out, name, own_body);
    } else if (!json) {
        print_line(out, name, "skipped: only JSON that passed its rules");
    }
}

void print_browser_update(std::ostream& out, const BrowserUpdate& update) {
    print_line(out, "topic", update.topic);
    if (!update.key_name.empty()) print_line(out, "key", update.key_name + "=" + update.key);
    if (!update.event.empty()) print_line(out, "event", update.event);
    if (update.shape == PayloadShape::Cleared) {
        print_line(out, "cleared", "its newest values are gone");
        return;
    }
    const bool json = update.shape == PayloadShape::Json;
    if (json) {
        print_line(out, "body", update.payload);
    } else {
        print_line(out, "rtbridge.v1",
                   update.shape == PayloadShape::Text ? "as it is, a text" : "as it is, in base64");
        print_line(out, "ws", "skipped: only JSON that passed its rules");
    }
    print_transport(out, "sse", update.sse_body, update.sse_body_missing, json);
    print_transport(out, "socketio", update.socketio_body, update.socketio_body_missing, json);
}

// The time of one apply() on this machine: the median of many.
std::chrono::nanoseconds measured_cost(const RuleSet& rules, const Publish& publish,
                                       std::chrono::milliseconds patience) {
    const SystemClock clock;
    RuleWorkspace workspace;
    std::vector<std::chrono::nanoseconds> times;
    const SteadyTime end = clock.now() + patience;
    do {
        const SteadyTime begun = clock.now();
        (void)rules.apply(publish, workspace, clock);
        times.push_back(clock.now() - begun);
    } while (times.size() < cost_runs_max && clock.now() < end);
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
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

void explain_cost(const RuleSet& rules, const Publish& publish, std::ostream& out) {
    const std::chrono::nanoseconds cost = measured_cost(rules, publish, cost_patience);
    std::ostringstream text;
    text << std::fixed << std::setprecision(2) << static_cast<double>(cost.count()) / 1000
         << " us of the broker's thread (median, on this machine)";
    out << "cost\n";
    print_line(out, "rules", text.str());
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
    command->add_option("PAYLOAD", options->payload,
                        "Its payload, '-' for standard input; empty where it is left out");
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
        if (options->payload == "-") {
            options->payload.assign(std::istreambuf_iterator<char>(std::cin), {});
            // What echo and mosquitto_sub put behind it.
            if (options->payload.ends_with('\n')) options->payload.pop_back();
        }
        const Publish publish{.topic = options->topic,
                              .payload = options->payload,
                              .retain = options->retain,
                              .client = options->client,
                              .user = options->user};
        explain(*loaded->rules, publish, std::cout);
        explain_cost(*loaded->rules, publish, std::cout);
        exit_code = 0;
    });
}

}  // namespace rtbridge
