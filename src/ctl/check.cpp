#include "ctl/check.h"

#include <iostream>
#include <memory>
#include <optional>

#include "config/config_loader.h"

namespace rtbridge {
namespace {

std::string counted(std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// The number of rules, or nothing where the plugin would refuse the file.
std::optional<std::size_t> load(const std::string& file, Diagnostics& diagnostics) {
    const std::optional<Config> config = load_config(file, diagnostics);
    if (!config) return std::nullopt;
    return config->rules.size();
}

}  // namespace

int check(const std::string& file, Warnings warnings, std::ostream& out, std::ostream& err) {
    Diagnostics diagnostics;
    const std::optional<std::size_t> rules = load(file, diagnostics);
    std::size_t error_count = 0;
    std::size_t warning_count = 0;
    for (const Diagnostic& diagnostic : diagnostics.sorted()) {
        err << to_text(diagnostic);
        ++(diagnostic.severity == Severity::Error ? error_count : warning_count);
    }
    const bool ok = rules && (warning_count == 0 || warnings == Warnings::Pass);
    if (ok) {
        out << file << ": ok, " << counted(*rules, "rule");
        if (warning_count > 0) out << ", " << counted(warning_count, "warning");
        out << "\n";
    } else {
        out << file << ": " << counted(error_count, "error") << ", "
            << counted(warning_count, "warning") << "\n";
    }
    return ok ? 0 : 1;
}

void add_check(CLI::App& tool, int& exit_code) {
    struct Options {
        std::string file;
        bool strict = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* const command =
        tool.add_subcommand("check", "Check a configuration file as the plugin would read it");
    command->add_option("FILE", options->file, "The configuration file")->required();
    command->add_flag("--strict", options->strict, "Treat warnings as errors");
    command->callback([options, &exit_code] {
        exit_code = check(options->file, options->strict ? Warnings::Fail : Warnings::Pass,
                          std::cout, std::cerr);
    });
}

}  // namespace rtbridge
