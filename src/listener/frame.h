#pragma once

#include <memory>
#include <string>

#include "handoff/update.h"

namespace rtbridge {

// Bytes as they go over the wire. Built once, shared by every session that wants that shape.
using FramePtr = std::shared_ptr<const std::string>;

// How a transport writes an update; one object per wire shape, living as long as the process.
class WireShape {
public:
    virtual ~WireShape() = default;
    [[nodiscard]] virtual FramePtr encode(const Update& update) const = 0;
    // False: an update of this payload shape can't be expressed and is skipped (and counted).
    [[nodiscard]] virtual bool carries(PayloadShape shape) const = 0;
};

}  // namespace rtbridge
