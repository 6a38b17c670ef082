#pragma once

#include <sys/types.h>

#include "message_source.h"
#include "session_pool.h"

namespace rtbridge::load {

// What no server can beat one message at a time: a process that does nothing but send() ready-made
// frames, of the size of an enriched message, to plain TCP connections. Several messages published
// together go in one send() per connection.
class BareSender final : public MessageSource {
public:
    // Starts the process and connects `connections` sessions of `pool` to it.
    // REQUIRES: the calling process has one thread.
    BareSender(SessionPool& pool, std::size_t connections);
    ~BareSender() override;

    void publish(std::uint32_t count) override;

    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    Descriptor commands_;
    pid_t pid_ = -1;
};

}  // namespace rtbridge::load
