#include "ctl/diff.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/in_quotes.h"
#include "config/restart_required.h"
#include "ctl/acl.h"
#include "ctl/config_options.h"
#include "rules/rule.h"
#include "rules/rule_topics.h"
#include "topic/topic_overlap.h"

namespace rtbridge {
namespace {

constexpr int trouble = 2;

struct Change {
    std::string name;
    std::optional<std::string> before, after;
};

// In the order of `after`, then what is gone.
std::vector<Change> changes_between(const std::vector<ConfigOption>& before,
                                    const std::vector<ConfigOption>& after) {
    const auto value_in = [](const std::vector<ConfigOption>& options,
                             const std::string& name) -> std::optional<std::string> {
        const auto found =
            std::find_if(options.begin(), options.end(),
                         [&](const ConfigOption& option) { return option.name == name; });
        if (found == options.end()) return std::nullopt;
        return found->value;
    };
    std::vector<Change> changes;
    for (const ConfigOption& option : after) {
        const std::optional<std::string> was = value_in(before, option.name);
        if (was != option.value) changes.push_back({option.name, was, option.value});
    }
    for (const ConfigOption& option : before) {
        if (!value_in(after, option.name)) changes.push_back({option.name, option.value, {}});
    }
    return changes;
}

void print(std::ostream& out, std::string_view indent, const Change& change,
           std::string_view remark = {}) {
    out << indent << escape_control(change.name) << ": "
        << escape_control(change.before.value_or("absent")) << " -> "
        << escape_control(change.after.value_or("absent")) << remark << "\n";
}

class RuleDiff {
public:
    RuleDiff(const Configuration& before, const Configuration& after, std::ostream& out)
        : before_(before),
          after_(after),
          was_(positions_in(before.config)),
          is_(positions_in(after.config)),
          out_(out) {}

    // True: no difference.
    bool run() {
        print_gone();
        print_new_and_changed();
        print_order();
        return same_;
    }

private:
    using Positions = std::map<std::string_view, std::size_t>;

    static Positions positions_in(const Config& config) {
        Positions positions;
        for (std::size_t i = 0; i < config.rules.size(); ++i) {
            positions.emplace(config.rules[i].name.value, i);
        }
        return positions;
    }

    // Its new name, where one that is new does exactly the same.
    [[nodiscard]] const std::string* new_name_of(const RuleConfig& gone) const {
        for (const RuleConfig& rule : after_.config.rules) {
            if (was_.contains(rule.name.value)) continue;
            if (options_of(rule) == options_of(gone)) return &rule.name.value;
        }
        return nullptr;
    }

    void print_gone() {
        for (const RuleConfig& rule : before_.config.rules) {
            if (is_.contains(rule.name.value)) continue;
            same_ = false;
            const std::string* const renamed = new_name_of(rule);
            out_ << "- rule " << in_quotes(rule.name.value);
            if (renamed != nullptr) out_ << ": it is called " << in_quotes(*renamed) << " now";
            out_ << "\n";
        }
    }

    void print_new_and_changed() {
        for (const RuleConfig& rule : after_.config.rules) {
            const auto was = was_.find(rule.name.value);
            if (was == was_.end()) {
                same_ = false;
                out_ << "+ rule " << in_quotes(rule.name.value) << "\n";
                for (const ConfigOption& option : options_of(rule)) {
                    out_ << "    " << escape_control(option.name) << ": "
                         << escape_control(option.value) << "\n";
                }
                continue;
            }
            const std::vector<Change> changes =
                changes_between(options_of(before_.config.rules[was->second]), options_of(rule));
            if (changes.empty()) continue;
            same_ = false;
            out_ << "~ rule " << in_quotes(rule.name.value) << "\n";
            for (const Change& change : changes) print(out_, "    ", change);
        }
    }

    // Two rules that match a message in common, one of which does something to what the other sees.
    [[nodiscard]] std::optional<std::string> order_matters(std::size_t a, std::size_t b) const {
        const Rule& first = *after_.rules->rules()[a];
        const Rule& second = *after_.rules->rules()[b];
        const auto acts = [&](std::size_t at) {
            const RuleConfig& rule = after_.config.rules[at];
            return after_.rules->rules()[at]->has_steps() || rule.mqtt != TowardsMqtt::Keep ||
                   rule.browser.thins() || rule.history;
        };
        if (!acts(a) && !acts(b)) return std::nullopt;
        for (const Rule::Topic& one : first.topics()) {
            for (const Rule::Topic& other : second.topics()) {
                if (auto both = intersection(one.filter.text(), other.filter.text())) return both;
            }
        }
        return std::nullopt;
    }

    void print_order() {
        const std::vector<RuleConfig>& rules = after_.config.rules;
        for (std::size_t first = 0; first < rules.size(); ++first) {
            const auto first_was = was_.find(rules[first].name.value);
            if (first_was == was_.end()) continue;
            for (std::size_t second = first + 1; second < rules.size(); ++second) {
                const auto second_was = was_.find(rules[second].name.value);
                if (second_was == was_.end() || first_was->second < second_was->second) continue;
                const std::optional<std::string> where = order_matters(first, second);
                if (!where) continue;
                same_ = false;
                out_ << "~ rule " << in_quotes(rules[first].name.value) << " applies before rule "
                     << in_quotes(rules[second].name.value) << " now; both match "
                     << in_quotes(*where) << "\n";
            }
        }
    }

    const Configuration& before_;
    const Configuration& after_;
    const Positions was_, is_;  // by name
    std::ostream& out_;
    bool same_ = true;
};

bool diff_options(const Config& before, const Config& after, std::ostream& out) {
    const std::vector<std::string> waits = restart_required(before.listener, after.listener);
    const std::vector<Change> changes = changes_between(options_of(before), options_of(after));
    for (const Change& change : changes) {
        const bool restart = std::any_of(waits.begin(), waits.end(), [&](const std::string& key) {
            return change.name == key || change.name.starts_with(key + ".");
        });
        print(out, "~ ", change, restart ? " (takes effect at a restart)" : "");
    }
    return changes.empty();
}

bool diff_access(const Config& before, const Config& after, std::ostream& out) {
    std::ostringstream lines;
    if (acl_diff(before, after, lines)) return true;
    std::istringstream in(lines.str());
    for (std::string line; std::getline(in, line);) {
        out << line.substr(0, 2) << "acl: " << line.substr(2) << "\n";
    }
    return false;
}

std::optional<Configuration> load(const std::string& file) {
    Diagnostics diagnostics;
    std::optional<Configuration> loaded = load_configuration(file, diagnostics);
    if (loaded) return loaded;  // `check` is for warnings
    for (const Diagnostic& diagnostic : diagnostics.sorted()) std::cerr << to_text(diagnostic);
    return std::nullopt;
}

}  // namespace

bool diff(const Configuration& before, const Configuration& after, std::ostream& out) {
    const bool same_options = diff_options(before.config, after.config, out);
    const bool same_access = diff_access(before.config, after.config, out);
    const bool same_rules = RuleDiff(before, after, out).run();
    return same_options && same_access && same_rules;
}

void add_diff(CLI::App& tool, int& exit_code) {
    struct Options {
        std::string old_file, new_file;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* const command =
        tool.add_subcommand("diff", "Show what a change of the configuration changes in effect");
    command->add_option("OLD", options->old_file, "A configuration file")->required();
    command->add_option("NEW", options->new_file, "Another one")->required();
    command->footer("Exit code: 0 the same, 1 they differ, 2 trouble.");
    command->callback([options, &exit_code] {
        const std::optional<Configuration> before = load(options->old_file);
        const std::optional<Configuration> after = load(options->new_file);
        if (!before || !after) {
            exit_code = trouble;
            return;
        }
        const bool same = diff(*before, *after, std::cout);
        if (same) std::cout << "the same in effect\n";
        exit_code = same ? 0 : 1;
    });
}

}  // namespace rtbridge
