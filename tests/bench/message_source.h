#pragma once

#include <cstdint>

namespace rtbridge::load {

// Something that makes messages appear at every session of a pool.
class MessageSource {
public:
    MessageSource() = default;
    MessageSource(const MessageSource&) = delete;
    MessageSource& operator=(const MessageSource&) = delete;
    virtual ~MessageSource() = default;

    // `count` messages at once, each with its send time inside.
    virtual void publish(std::uint32_t count) = 0;
};

}  // namespace rtbridge::load
