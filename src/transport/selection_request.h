#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "handoff/config_snapshot.h"
#include "listener/selection.h"
#include "listener/sessions.h"
#include "transport/http_request.h"

namespace rtbridge {

struct SelectionRequest {
    Selection selection;
    Sessions::Snapshot snapshot = Sessions::Snapshot::Send;
};

// Reads ?topic=…&userId=…&snapshot=0. An unknown parameter, a bad filter or too many selectors is
// an error whose text names what would be right; the caller answers 400. A '+' in a URL's query
// means a space, and pages forget to encode it: a level that is one space is taken as the wildcard.
[[nodiscard]] Result<SelectionRequest, std::string> read_selection(const HttpRequest& request,
                                                                   const ConfigSnapshot& config);

}  // namespace rtbridge
