#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace rtbridge {

enum class PayloadShape : std::uint8_t {
    Json,     // `payload` is one valid JSON document that passed its rules
    Text,     // valid UTF-8, but not JSON or not what its rules want
    Binary,   // anything else
    Cleared,  // the retained message of `topic` was cleared: its newest values are gone
};

// How much of the past of a topic and key is kept, from its rule.
struct HistoryLimits {
    std::uint32_t last = 0;             // updates; 0: only the newest value
    std::chrono::milliseconds keep{0};  // how long; 0: no limit of age
    friend bool operator==(const HistoryLimits&, const HistoryLimits&) = default;
};

// One publish on its way to the browsers. Immutable, so both threads may read it;
// fan-out to n sessions shares this one payload n times and never copies it.
struct Update {
    std::uint64_t offset =
        0;  // position in the process-wide sequence, from 1; given by the broker thread
    std::int64_t unix_ms = 0;  // when the broker received it
    SteadyTime received_at;    // when the broker's thread handed it over; SteadyTime{} = not known
    std::string topic;
    std::string key_name;  // what browsers call the key in a query ("userId"); empty = no key
    std::string key;       // its value as text
    std::string payload;   // the body that its rule makes for browsers
    PayloadShape shape = PayloadShape::Json;
    std::string event;          // of SSE and Socket.IO; empty: its rule names none
    std::string sse_body;       // JSON in place of `payload` on this transport; empty: `payload`
    std::string socketio_body;  // likewise
    // Tells updates apart that one publish made for the same topic and key, with other bodies or
    // events: from 0.
    std::uint32_t variant = 0;
    HistoryLimits history;

    [[nodiscard]] std::size_t bytes() const noexcept {
        return sizeof(Update) + topic.size() + key_name.size() + key.size() + payload.size() +
               event.size() + sse_body.size() + socketio_body.size();
    }
};
using UpdatePtr = std::shared_ptr<const Update>;

inline void sort_by_offset(std::vector<UpdatePtr>& updates) {
    std::sort(updates.begin(), updates.end(),
              [](const UpdatePtr& a, const UpdatePtr& b) { return a->offset < b->offset; });
}

}  // namespace rtbridge
