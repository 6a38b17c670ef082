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

// Which payloads a way to write updates can express; the newest of those is the newest value there.
enum class Payloads : std::uint8_t {
    Any,
    JsonOnly,
    SseBody,       // JSON, or what [sse] body makes of anything
    SocketIoBody,  // JSON, or what [socketio] body makes of anything
    Count,
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
    // Such a body is wanted and could not be made: this transport skips the update.
    bool sse_body_missing = false;
    bool socketio_body_missing = false;
    // Tells updates apart that one publish made for the same topic and key, with other bodies or
    // events: from 0, out of so many. Values of earlier publishes beyond these are out of date.
    std::uint32_t variant = 0;
    std::uint32_t variants = 1;
    HistoryLimits history;

    [[nodiscard]] bool fits(Payloads payloads) const noexcept {
        const bool json = shape == PayloadShape::Json;
        switch (payloads) {
            case Payloads::SseBody:
                return !sse_body.empty() || (json && !sse_body_missing);
            case Payloads::SocketIoBody:
                return !socketio_body.empty() || (json && !socketio_body_missing);
            case Payloads::JsonOnly:
                return json;
            default:
                return shape != PayloadShape::Cleared;
        }
    }
    // What is said there: JSON wherever no other payload fits. REQUIRES: fits(payloads).
    [[nodiscard]] const std::string& body(Payloads payloads) const noexcept {
        if (payloads == Payloads::SseBody && !sse_body.empty()) return sse_body;
        if (payloads == Payloads::SocketIoBody && !socketio_body.empty()) return socketio_body;
        return payload;
    }

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
