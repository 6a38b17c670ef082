#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "handoff/publish_request.h"
#include "listener/session_access.h"
#include "transport/api_context.h"

namespace rtbridge {

// May this session publish that? Nothing = yes, else what it has no access to, in words; the denial
// is counted and logged.
[[nodiscard]] std::optional<std::string> refuse_publish(const PublishRequest& publish,
                                                        const SessionAccess& access,
                                                        const ApiContext& context);

// Why a publish did not reach the broker's subscribers. REQUIRES: it is not Taken.
[[nodiscard]] std::string_view why_not_published(PublishResult result);

}  // namespace rtbridge
