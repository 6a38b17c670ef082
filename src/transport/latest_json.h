#pragma once

#include "transport/api.h"

namespace rtbridge {

// GET /api/latest?topic=F[&limit=N][&after=NEXT]: the newest values in topic order, a page at a
// time. `next` is opaque and null on the last page.
[[nodiscard]] HttpReply answer_latest(const HttpRequest& request, const LatestStore& latest);

}  // namespace rtbridge
