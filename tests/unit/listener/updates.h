#pragma once

#include <deque>
#include <memory>
#include <string>

#include "handoff/update.h"

namespace rtbridge {

// An update as the broker thread would hand it off; offsets count up by themselves.
inline UpdatePtr make_update(std::string topic, std::string payload, std::string key = {},
                             PayloadShape shape = PayloadShape::Json) {
    static std::uint64_t offset = 0;
    Update update;
    update.offset = ++offset;
    update.topic = std::move(topic);
    update.payload = std::move(payload);
    if (!key.empty()) update.key_name = "userId";
    update.key = std::move(key);
    update.shape = shape;
    return std::make_shared<const Update>(std::move(update));
}

}  // namespace rtbridge
