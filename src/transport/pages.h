#pragma once

#include "transport/api.h"

namespace rtbridge {

// The answer to a path that no route takes: a file of the operator, the browser library, or the
// built-in page; 404 where it is none of them. Needs no identity.
[[nodiscard]] Answer answer_page(const HttpRequest& request,
                                 const ApiContext& context) ON_LISTENER_THREAD;

}  // namespace rtbridge
