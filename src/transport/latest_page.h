#pragma once

#include <cstddef>
#include <string>

#include "access/policy.h"
#include "handoff/metrics.h"
#include "listener/value_store.h"
#include "transport/full_mode_request.h"

namespace rtbridge {

// For ValueStore::page(): what `grants` allows to receive; what it doesn't is counted. Both have to
// outlive it.
[[nodiscard]] ValueStore::Allowed receivable(const Grants& grants, Metrics& metrics);

// {"items":[{"t":...,"o":...,"ts":...,"d":...}],"next":"..."}: the newest values in topic order
// that `grants` allows to receive. Up to 256 KiB; a value that alone is larger than that is told as
// "too_large": its size. `next` is null on the last page; a page may be empty and not the last.
[[nodiscard]] std::string latest_page(const GetRequest& get, const ValueStore& values,
                                      const Grants& grants, Metrics& metrics);

}  // namespace rtbridge
