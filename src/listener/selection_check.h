#pragma once

#include <optional>
#include <string>

#include "access/policy.h"
#include "listener/selection.h"

namespace rtbridge {

// The part of a selection that is not allowed.
struct SelectionDenial {
    std::string what;     // "topic site/#", "userId=user-2", "any topic"
    std::string message;  // for the browser, names the same
    // The rule that denies it, null: no rule allows it.
    const AclRuleConfig* rule = nullptr;
};

// May an identity select this? A topic filter has to be allowed as a whole, so that nobody takes
// silence for "no news"; without a filter the selection means all that the identity may receive,
// and that may not be nothing. Nothing = yes. Pure.
[[nodiscard]] std::optional<SelectionDenial> check_selection(const Selection& selection,
                                                             const Grants& grants);

}  // namespace rtbridge
