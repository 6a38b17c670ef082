#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "ctl/tool.h"

int main(int argc, char** argv) try {
    CLI::App tool;
    int exit_code = 0;
    rtbridge::add_subcommands(tool, exit_code);
    try {
        tool.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // also --help and --version, whose code is 0
        // 1 is an answer of these.
        const bool answers = tool.got_subcommand("acl") || tool.got_subcommand("diff");
        return tool.exit(error) == 0 ? 0 : answers ? 2 : 1;
    }
    return exit_code;
} catch (const std::exception& exception) {
    std::cerr << "rtbridgectl: " << exception.what() << "\n";
    return 1;
}
