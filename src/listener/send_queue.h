#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "handoff/update.h"
#include "listener/frame.h"

namespace rtbridge {

// What waits for one browser. Bounded by hard_bytes: a queue over its soft limit keeps the newest
// update per topic and key, over its hard limit it loses the oldest. Frames are shared, so a byte
// here is a promise to send, not a copy.
//
// Thread: listener. Empty and idle it holds no memory.
class SendQueue {
public:
    struct Loss {
        std::size_t conflated = 0;
        std::size_t dropped = 0;
    };

    // Appends; returns what had to go. A frame over hard_bytes by itself is dropped.
    Loss push(FramePtr frame, UpdatePtr update, const QueueLimits& limits);

    [[nodiscard]] bool empty() const noexcept { return head_ == items_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size() - head_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    // The next bytes to write: one frame as it is, or several appended to `scratch` up to
    // `chunk_bytes`. Views stay valid until pop() or push(). REQUIRES: !empty().
    struct Chunk {
        std::string_view bytes;
        std::size_t frames = 0;
    };
    [[nodiscard]] Chunk front(std::size_t chunk_bytes, std::string& scratch) const;
    void pop(std::size_t frames);

    // Takes back what `unwanted` says of; returns how many updates.
    std::size_t remove_if(const std::function<bool(const Update&)>& unwanted);

private:
    struct Item {
        FramePtr frame;
        UpdatePtr update;
    };
    std::size_t conflate();
    void drop_oldest();
    void compact();

    std::vector<Item> items_;
    std::size_t head_ = 0;
    std::size_t bytes_ = 0;
    std::size_t conflate_above_bytes_ = 0;  // soft limit, or more where conflating freed little
};

}  // namespace rtbridge
