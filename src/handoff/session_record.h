#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/gauge.h"

namespace rtbridge {

// What the status pages of any listener tell of a session. Its figures are set by the listener that
// has the session and read by all; the rest never changes.
//
// Once nothing waits for the session, matched = delivered + conflated + dropped.
struct SessionRecord {
    std::string id;              // names the session in logs and pages; not a secret
    std::string_view transport;  // "websocket"; static
    std::string user;            // empty: nobody proved who it is
    std::int64_t connected_at_unix_ms = 0;

    Gauge subscriptions;
    Gauge queue_bytes;  // what waits
    Gauge matched;      // updates that its subscriptions selected and may receive
    Gauge delivered;    // given to the socket
    Gauge conflated;    // a newer value of the same topic and key went instead
    Gauge dropped;      // lost: the queue was full, or the browser left
    Gauge gaps;         // told or to be told
};
using SessionRecordPtr = std::shared_ptr<SessionRecord>;

}  // namespace rtbridge
