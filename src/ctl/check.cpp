#include "ctl/check.h"

#include <iostream>
#include <memory>
#include <optional>

#include "configuration.h"

namespace rtbridge {
namespace {

std::string counted(std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

int check(const std::string& file, Warnings warnings, std::ostream& out, std::ostream& err) {
    Diagnostics diagnostics;
    const std::optional<Configuration> loaded = load_configuration(file, diagnostics);
    std::size_t error_count = 0;
    std::size_t warning_count = 0;
    for (const Diagnostic& diagnostic : diagnostics.sorted()) {
        err << to_text(diagnostic);
        ++(diagnostic.severity == Severity::Error ? error_count : warning_count);
    }
    const bool ok = loaded && (warning_count == 0 || warnings == Warnings::Pass);
    if (ok) {
        out << file << ": ok, " << counted(loaded->config.rules.size(), "rule");
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
