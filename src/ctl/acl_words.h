#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace rtbridge {

// Access rules and actions as rtbridgectl shows them and reads them. Thread: any, pure.

[[nodiscard]] std::optional<Action> action_named(std::string_view name);
// All that has to be allowed for `action` to be of use: both actions of a live message, both of a
// retained publish.
[[nodiscard]] ActionSet needed_for(Action action);

// "receive, subscribe"
[[nodiscard]] std::string words_of(ActionSet actions);
// "everyone", "user "a*" with role "r""
[[nodiscard]] std::string who_in_words(const AclRuleConfig& rule);
// "allow receive, subscribe on "a/#" for role "r""
[[nodiscard]] std::string words_of(const AclRuleConfig& rule);
// "file:line"
[[nodiscard]] std::string words_of(const SourcePlace& place);
// What decides where no rule does.
[[nodiscard]] std::string default_in_words(const Config& config);

}  // namespace rtbridge
