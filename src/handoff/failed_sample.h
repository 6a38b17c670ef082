#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "handoff/invalid_reason.h"

namespace rtbridge {

// A message that a rule refused. With `redact` of the rule only what tells nothing of its content.
struct FailedSample {
    static constexpr std::size_t payload_bytes_max = 1024;
    std::int64_t unix_ms = 0;
    std::string topic;
    std::string client;  // MQTT client id of the publisher, may be empty
    Invalidity why;
    std::size_t bytes = 0;               // of the payload
    std::optional<std::string> payload;  // its beginning; nothing where it is redacted
};

// The last one of a rule, for status pages. Not more than one a second is taken: a flood of bad
// messages costs the broker thread no copies.
//
// Thread: broker for wanted() and put(), any for get(). The lock is held for a swap of pointers.
class FailedSampleSlot {
public:
    [[nodiscard]] bool wanted(SteadyTime now) const { return now >= next_; }
    void put(FailedSample sample, SteadyTime now) {
        next_ = now + std::chrono::seconds(1);
        auto newest = std::make_shared<const FailedSample>(std::move(sample));
        const std::lock_guard lock(mutex_);
        newest_.swap(newest);
    }
    // Null: the rule never refused anything.
    [[nodiscard]] std::shared_ptr<const FailedSample> get() const {
        const std::lock_guard lock(mutex_);
        return newest_;
    }

private:
    SteadyTime next_{};  // of the broker's thread
    mutable std::mutex mutex_;
    std::shared_ptr<const FailedSample> newest_;  // guarded by mutex_
};

}  // namespace rtbridge
