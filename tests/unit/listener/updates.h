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

// One of several that a publish made for the same topic and key.
inline UpdatePtr make_variant(std::string topic, std::string payload, std::uint32_t variant,
                              std::uint32_t variants, std::string key = {}) {
    Update update = *make_update(std::move(topic), std::move(payload), std::move(key));
    update.variant = variant;
    update.variants = variants;
    return std::make_shared<const Update>(std::move(update));
}

}  // namespace rtbridge
