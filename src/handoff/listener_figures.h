#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "base/gauge.h"
#include "base/histogram.h"
#include "handoff/mailbox.h"

namespace rtbridge {

// What one listener thread tells of itself: set by that thread alone, so that it costs no locked
// instruction, and read by the status pages of all.
struct ListenerFigures {
    // Counts, which only rise.
    Gauge sent_websocket_bytes;      // frames, before TLS
    Gauge sent_http_bytes;           // whole answers, likewise
    Gauge sent_mqtt_bytes;           // frames of MQTT tunnels, likewise
    Gauge received_websocket_bytes;  // payload of frames
    Gauge received_mqtt_bytes;       // likewise, of MQTT tunnels
    Gauge received_http_bytes;       // bodies of requests

    Gauge values;        // topics and keys of which the newest value is kept
    Gauge values_bytes;  // with their history
    Gauge history;       // updates that are kept and not the newest

    // From Update::received_at to the end of the first write to sessions, once per update. What a
    // max_rate holds back is not in it.
    Histogram publish_to_write;

    std::atomic<const Mailbox*> mailbox{nullptr};  // outlives all listeners; null: there is none
    [[nodiscard]] std::size_t mailbox_depth() const {
        const Mailbox* const own = mailbox.load(std::memory_order_relaxed);
        return own == nullptr ? 0 : own->depth();
    }
};

// Of all listeners together.
struct ListenerTotals {
    std::uint64_t sent_websocket_bytes = 0;
    std::uint64_t sent_http_bytes = 0;
    std::uint64_t sent_mqtt_bytes = 0;
    std::uint64_t received_websocket_bytes = 0;
    std::uint64_t received_mqtt_bytes = 0;
    std::uint64_t received_http_bytes = 0;
    Histogram::Reading publish_to_write;
};

// Of all listeners, in the order in which they were started. Thread: any.
class AllListenerFigures {
public:
    // Stays until the end.
    [[nodiscard]] ListenerFigures& add() {
        const std::lock_guard lock(mutex_);
        return figures_.emplace_back();
    }
    [[nodiscard]] std::vector<const ListenerFigures*> list() const {
        std::vector<const ListenerFigures*> all;
        const std::lock_guard lock(mutex_);
        all.reserve(figures_.size());
        for (const ListenerFigures& figures : figures_) all.push_back(&figures);
        return all;
    }
    [[nodiscard]] ListenerTotals totals() const {
        ListenerTotals all;
        for (const ListenerFigures* figures : list()) {
            all.sent_websocket_bytes += figures->sent_websocket_bytes.value();
            all.sent_http_bytes += figures->sent_http_bytes.value();
            all.sent_mqtt_bytes += figures->sent_mqtt_bytes.value();
            all.received_websocket_bytes += figures->received_websocket_bytes.value();
            all.received_mqtt_bytes += figures->received_mqtt_bytes.value();
            all.received_http_bytes += figures->received_http_bytes.value();
            all.publish_to_write += figures->publish_to_write.read();
        }
        return all;
    }

private:
    mutable std::mutex mutex_;
    std::deque<ListenerFigures> figures_;  // guarded by mutex_; what was added never moves
};

}  // namespace rtbridge
