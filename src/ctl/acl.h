#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <optional>
#include <string>

#include "access/identity.h"
#include "config/action.h"
#include "configuration.h"

namespace rtbridge {

// What `acl explain` and `acl who-can` are asked about.
struct AclQuestion {
    Action action = Action::Receive;
    std::string topic;  // of Action::Admin: not looked at
    std::optional<std::string> key;
};

// `rtbridgectl acl explain`: whether `who` may, and which rule or default says so, for each action
// that is needed. True: allowed. `topic` may be a filter for explain: all that it stands for.
[[nodiscard]] bool acl_explain(const Configuration& configuration, const Identity& who,
                               const AclQuestion& question, std::ostream& out);

// `rtbridgectl acl who-can`: the rules that allow it, what {user} and the like have to be, and the
// rules that take it away again. True where some rule or the default allows it.
bool acl_who_can(const Configuration& configuration, const AclQuestion& question,
                 std::ostream& out);

// `rtbridgectl acl diff`: what each file allows and denies that the other doesn't, however it is
// spread over rules. True: the same.
[[nodiscard]] bool acl_diff(const Config& before, const Config& after, std::ostream& out);

// Adds the subcommand with its three; when one of them is given, `exit_code` is set by the time
// parsing ends: 0 = allowed, or no difference; 1 = denied, or a difference; 2 = trouble.
void add_acl(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
