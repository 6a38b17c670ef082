#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "handoff/config_snapshot.h"
#include "handoff/metrics.h"
#include "listener/selection.h"
#include "transport/http_request.h"

namespace rtbridge {

struct SelectionRequest {
    Selection selection;
    bool snapshot = true;
};

// Why a selection is refused: what to tell the browser, and whether a limit acted.
struct SelectionRefusal {
    std::string message;
    std::optional<Limit> limit;
};

// Reads ?topic=…&userId=…&snapshot=0. An unknown parameter, a bad filter or too many selectors is
// an error whose text names what would be right; the caller answers 400. A '+' in a URL's query
// means a space, and pages forget to encode it: a level that is one space is taken as the wildcard.
//
// `others`: further parameters, which the caller reads.
[[nodiscard]] Result<SelectionRequest, SelectionRefusal> read_selection(
    const HttpRequest& request, const ConfigSnapshot& config,
    std::initializer_list<std::string_view> others = {});

}  // namespace rtbridge
