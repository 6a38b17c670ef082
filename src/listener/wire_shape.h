#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "handoff/gap.h"
#include "handoff/update.h"

namespace rtbridge {

// Bytes as they go over the wire. Built once, shared by every session that wants that shape.
using FramePtr = std::shared_ptr<const std::string>;

enum class Delivery : std::uint8_t {
    Live,
    Replayed,  // of a snapshot, or missed while the browser was away
    // Of a snapshot of which more is to come, in no order: its offset is no place to resume from.
    Unordered,
};

// How a transport writes what a subscription gets; one object per wire shape, living as long as the
// process. Subscriptions with the same object share their frames.
//
// Thread: any; immutable.
class WireShape {
public:
    virtual ~WireShape() = default;
    [[nodiscard]] virtual FramePtr encode(const Update& update, Delivery delivery) const = 0;
    [[nodiscard]] virtual Payloads payloads() const = 0;
    // False: this update can't be expressed and is skipped (and counted).
    [[nodiscard]] bool carries(const Update& update) const { return update.fits(payloads()); }

    // What is written says from where to go on, so live updates wait for what a subscription begins
    // with.
    [[nodiscard]] virtual bool marks_places() const { return false; }

    // Appends frames of this or of another shape of the same session, as one write.
    virtual void append(std::string& out, std::span<const std::string_view> frames) const {
        for (const std::string_view frame : frames) out += frame;
    }
    // Frames that tell of a gap, and that what a subscription began with is complete up to an
    // offset. Empty: this shape has no words for it.
    [[nodiscard]] virtual std::string gap(const Gap& /*gap*/) const { return {}; }
    [[nodiscard]] virtual std::string caught_up(std::uint64_t /*offset*/) const { return {}; }
};

}  // namespace rtbridge
