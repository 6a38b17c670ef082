#pragma once

#include "access/policy.h"
#include "handoff/metrics.h"
#include "listener/value_store.h"
#include "transport/http_reply.h"
#include "transport/http_request.h"

namespace rtbridge {

// GET /api/latest?topic=F[&limit=N][&after=NEXT]: the newest values in topic order that `grants`
// allows to receive, a page at a time. `next` is opaque and null on the last page; a page may be
// empty and not the last.
[[nodiscard]] HttpReply answer_latest(const HttpRequest& request, const ValueStore& values,
                                      const Grants& grants, Metrics& metrics);

}  // namespace rtbridge
