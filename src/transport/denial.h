#pragma once

#include <string_view>

#include "access/admission.h"
#include "transport/api_context.h"

namespace rtbridge {

// Counts and logs (who, what, by which rule) that a browser was not allowed something.
// `rule` null: no rule allows it.
void report_denial(const ApiContext& context, const Identity& who, std::string_view what,
                   const AclRuleConfig* rule);

// The same for someone who could not prove to be `user`. `reason` holds no secret.
void report_refused_login(const ApiContext& context, std::string_view user,
                          std::string_view address, std::string_view reason);

// The same for a request that is refused whoever sends it: by its Origin, its Host or its way here.
void report_refused_request(const ApiContext& context, const RequestFacts& request,
                            std::string_view reason);

}  // namespace rtbridge
