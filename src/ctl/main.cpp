#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "config/suggestion.h"
#include "ctl/tool.h"

namespace {

// A command that was probably meant.
void suggest_command(const CLI::App& tool, std::string_view word) {
    std::vector<std::string_view> names;
    for (const CLI::App* const each : tool.get_subcommands({})) names.push_back(each->get_name());
    const std::string near = rtbridge::did_you_mean(word, names, "");
    if (!near.empty()) {
        std::cerr << "no command is called " << rtbridge::escape_control(word) << "; " << near
                  << "\n";
    }
}

}  // namespace

int main(int argc, char** argv) try {
    CLI::App tool;
    int exit_code = 0;
    rtbridge::add_subcommands(tool, exit_code);
    try {
        tool.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // also --help and --version, whose code is 0
        if (argc > 1 && tool.get_subcommands().empty()) suggest_command(tool, argv[1]);
        // 1 is an answer of these.
        const bool answers = tool.got_subcommand("acl") || tool.got_subcommand("diff");
        return tool.exit(error) == 0 ? 0 : answers ? 2 : 1;
    }
    return exit_code;
} catch (const std::exception& exception) {
    std::cerr << "rtbridgectl: " << exception.what() << "\n";
    return 1;
}
