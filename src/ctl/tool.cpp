#include "ctl/tool.h"

#include <string>

#include "base/version.h"
#include "ctl/acl.h"
#include "ctl/check.h"
#include "ctl/completion.h"
#include "ctl/diff.h"
#include "ctl/doctor.h"
#include "ctl/explain.h"
#include "ctl/passwd.h"
#include "ctl/replay.h"
#include "ctl/token.h"

namespace rtbridge {

void add_subcommands(CLI::App& tool, int& exit_code) {
    tool.name("rtbridgectl");
    tool.description("rtbridgectl: what the rtbridge plugin would do, without a broker");
    tool.set_version_flag("--version", std::string(version), "Print the version and exit");
    tool.require_subcommand(1);
    add_acl(tool, exit_code);
    add_check(tool, exit_code);
    add_completion(tool, exit_code);
    add_diff(tool, exit_code);
    add_doctor(tool, exit_code);
    add_explain(tool, exit_code);
    add_passwd(tool, exit_code);
    add_replay(tool, exit_code);
    add_token(tool, exit_code);
}

}  // namespace rtbridge
