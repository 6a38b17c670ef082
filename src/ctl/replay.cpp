#include "ctl/replay.h"

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "access/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "configuration.h"
#include "ctl/recorded_message.h"
#include "ctl/replay_summary.h"
#include "rules/own_topics.h"
#include "rules/rule.h"
#include "rules/rule_trace.h"
#include "rules/rule_workspace.h"

namespace rtbridge {
namespace {

using nlohmann::ordered_json;

// The time of the recording, where it has one.
class RecordedClock final : public Clock {
public:
    void set(std::optional<std::int64_t> unix_ms) { unix_ms_ = unix_ms; }
    [[nodiscard]] SteadyTime now() const override { return system_.now(); }
    [[nodiscard]] std::int64_t unix_ms() const override {
        return unix_ms_ ? *unix_ms_ : system_.unix_ms();
    }

private:
    SystemClock system_;
    std::optional<std::int64_t> unix_ms_;
};

// A publish, and what became of it.
struct Replayed {
    std::uint64_t line;
    const RecordedMessage& message;
    const Outcome& outcome;
    const std::vector<RuleResult>& results;
    const std::vector<RuleTrace>& traces;
};

// Why the rule at `at` refused it, for people.
std::string why(const Replayed& replayed, std::size_t at) {
    for (const RuleTrace::Step& step : replayed.traces.at(at).steps) {
        if (!step.ok) return step.result;
    }
    return {};
}

void write_text(std::ostream& out, const RuleSet& rules, const Replayed& replayed) {
    const auto& [line, message, outcome, results, traces] = replayed;
    out << line << " " << escape_control(message.topic);
    for (std::size_t at = 0; at < results.size(); ++at) {
        out << (at == 0 ? ": " : ", ") << rules.rules()[results[at].rule]->name() << " ";
        if (results[at].verdict == RuleVerdict::Ok) {
            out << "ok";
        } else {
            out << "invalid (" << to_text(results[at].reason) << ": "
                << escape_control(why(replayed, at)) << ")";
        }
    }
    out << (results.empty() ? ": no rule\n" : "\n");
    if (outcome.quarantined) {
        out << "  quarantined " << quarantine_prefix
            << rules.rules()[outcome.quarantined->rule]->name() << "\n";
    } else if (outcome.drop) {
        out << "  dropped\n";
    }
    if (outcome.replacement) out << "  mqtt " << escape_control(*outcome.replacement) << "\n";
    for (const DerivedPublish& derived : outcome.publishes) {
        out << "  publish " << escape_control(derived.topic) << " "
            << escape_control(derived.payload) << "\n";
    }
    for (const BrowserUpdate& update : outcome.updates) {
        out << "  browsers " << escape_control(update.topic);
        if (!update.key_name.empty()) {
            out << " " << escape_control(update.key_name) << "=" << escape_control(update.key);
        }
        if (!update.event.empty()) out << " event " << escape_control(update.event);
        const bool json = update.shape == PayloadShape::Json;
        if (update.shape == PayloadShape::Cleared) {
            out << " cleared\n";
        } else {
            out << " " << (json ? escape_control(update.payload) : "as it is") << "\n";
        }
        if (!update.sse_body.empty()) out << "    sse " << escape_control(update.sse_body) << "\n";
        if (!update.socketio_body.empty()) {
            out << "    socketio " << escape_control(update.socketio_body) << "\n";
        }
    }
}

void add_payload(ordered_json& object, const std::string& payload) {
    if (is_utf8(payload)) {
        object["payload"] = payload;
    } else {
        object["payload_b64"] = encode_base64(payload);
    }
}

ordered_json to_json(const BrowserUpdate& update) {
    ordered_json object = {{"topic", update.topic}};
    if (!update.key_name.empty()) object["key"] = {{update.key_name, update.key}};
    if (!update.event.empty()) object["event"] = update.event;
    if (update.shape == PayloadShape::Cleared) {
        object["cleared"] = true;
        return object;
    }
    object["json"] = update.shape == PayloadShape::Json;
    add_payload(object, update.payload);
    if (!update.sse_body.empty()) object["sse"] = update.sse_body;
    if (!update.socketio_body.empty()) object["socketio"] = update.socketio_body;
    return object;
}

void write_json(std::ostream& out, const RuleSet& rules, const Replayed& replayed) {
    const auto& [line, message, outcome, results, traces] = replayed;
    ordered_json object = {{"line", line}, {"topic", message.topic}};
    ordered_json list = ordered_json::array();
    for (std::size_t at = 0; at < results.size(); ++at) {
        ordered_json rule = {{"rule", rules.rules()[results[at].rule]->name()}};
        const bool ok = results[at].verdict == RuleVerdict::Ok;
        rule["ok"] = ok;
        if (!ok) {
            rule["reason"] = std::string(to_text(results[at].reason));
            rule["message"] = why(replayed, at);
        }
        list.push_back(std::move(rule));
    }
    object["rules"] = std::move(list);
    if (outcome.drop) object["mqtt"] = outcome.quarantined ? "quarantined" : "dropped";
    if (outcome.replacement) {
        object["mqtt"] = "replaced";
        add_payload(object, *outcome.replacement);
    }
    for (const DerivedPublish& derived : outcome.publishes) {
        ordered_json publish = {{"topic", derived.topic}};
        add_payload(publish, derived.payload);
        object["publishes"].push_back(std::move(publish));
    }
    for (const BrowserUpdate& update : outcome.updates) {
        object["browsers"].push_back(to_json(update));
    }
    out << object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

}  // namespace

std::uint64_t replay(const RuleSet& rules, std::istream& in, const ReplayOptions& options,
                     std::ostream& out, std::ostream& err) {
    ReplaySummary summary(rules);
    RecordedLines lines(in);
    RecordedClock clock;
    RuleWorkspace workspace;
    std::vector<RuleTrace> traces;
    const bool json = options.form == ReplayOptions::Form::Json;
    while (const std::optional<std::string_view> line = lines.next()) {
        const Result<RecordedMessage, std::string> message = read_recorded_message(*line);
        if (!message.ok() || lines.too_long()) {
            summary.add_bad_line();
            err << "line " << lines.number() << ": "
                << escape_control(lines.too_long() ? "is longer than 16MiB" : message.error())
                << "\n";
            continue;
        }
        const Publish publish = message.value().publish();
        clock.set(message.value().unix_ms);
        const SteadyTime begun = clock.now();
        Outcome outcome = rules.apply(publish, workspace, clock);
        summary.add(outcome, workspace.results(), clock.now() - begun);
        if (options.show == ReplayOptions::Show::Summary) continue;

        // Once more for the reasons: noting them is not part of what it costs.
        outcome = rules.apply(publish, workspace, clock, &traces);
        const Replayed replayed{lines.number(), message.value(), outcome, workspace.results(),
                                traces};
        json ? write_json(out, rules, replayed) : write_text(out, rules, replayed);
    }
    json ? summary.write_json(out) : summary.write_text(out);
    return summary.messages();
}

void add_replay(CLI::App& tool, int& exit_code) {
    struct Options {
        std::string file, config;
        bool quiet = false;
        bool json = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* const command = tool.add_subcommand(
        "replay", "Run recorded messages through a configuration and count what becomes of them");
    command->add_option("FILE", options->file, "The recording, '-' for standard input")->required();
    command->add_option("--config", options->config, "The configuration file")
        ->required()
        ->type_name("FILE");
    command->add_flag("--quiet", options->quiet, "Only the summary");
    command->add_flag("--json", options->json, "JSON, one object per line");
    command->footer(
        "A recording has one message per line, as of mosquitto_sub -F %j or mosquitto_sub -v.\n"
        "Exit code: 0 replayed, 1 trouble with one of the files or no message.");
    command->callback([options, &exit_code] {
        exit_code = 1;
        Diagnostics diagnostics;
        const std::optional<Configuration> loaded =
            load_configuration(options->config, diagnostics);
        if (!loaded) {  // `check` is for warnings
            for (const Diagnostic& each : diagnostics.sorted()) std::cerr << to_text(each);
            return;
        }
        std::ifstream file;
        if (options->file != "-") {
            file.open(options->file, std::ios::binary);
            if (!file) {
                std::cerr << "rtbridgectl: cannot read " << escape_control(options->file) << "\n";
                return;
            }
        }
        const ReplayOptions how{
            options->quiet ? ReplayOptions::Show::Summary : ReplayOptions::Show::Messages,
            options->json ? ReplayOptions::Form::Json : ReplayOptions::Form::Text};
        std::ios::sync_with_stdio(false);  // one character at a time costs ten times as much else
        std::istream& in = options->file == "-" ? std::cin : file;
        exit_code = replay(*loaded->rules, in, how, std::cout, std::cerr) > 0 ? 0 : 1;
    });
}

}  // namespace rtbridge
