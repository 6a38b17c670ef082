#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "ctl/acl.h"
#include "ctl/check.h"
#include "ctl/doctor.h"
#include "ctl/explain.h"
#include "ctl/passwd.h"
#include "ctl/token.h"

int main(int argc, char** argv) try {
    CLI::App tool("rtbridgectl: what the rtbridge plugin would do, without a broker");
    tool.set_version_flag("--version", RTBRIDGE_VERSION);
    tool.require_subcommand(1);
    int exit_code = 0;
    rtbridge::add_acl(tool, exit_code);
    rtbridge::add_check(tool, exit_code);
    rtbridge::add_doctor(tool, exit_code);
    rtbridge::add_explain(tool, exit_code);
    rtbridge::add_passwd(tool, exit_code);
    rtbridge::add_token(tool, exit_code);
    try {
        tool.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // also --help and --version, whose code is 0
        const int wrong_usage = tool.got_subcommand("acl") ? 2 : 1;  // 1 is an answer of acl's
        return tool.exit(error) == 0 ? 0 : wrong_usage;
    }
    return exit_code;
} catch (const std::exception& exception) {
    std::cerr << "rtbridgectl: " << exception.what() << "\n";
    return 1;
}
