#pragma once

#include <cstdint>
#include <string>

namespace rtbridge {

// What a browser wants published. Whoever makes one has checked topic and permission.
struct PublishRequest {
    std::string topic, payload;
    int qos = 0;
    bool retain = false;
    std::string user;  // of the browser, for {user} of rules; may be empty

    [[nodiscard]] std::size_t bytes() const noexcept {
        return sizeof(PublishRequest) + topic.size() + payload.size() + user.size();
    }
};

enum class PublishResult : std::uint8_t {
    Taken,            // the broker has it, and rules made of it what they make of any publish
    RefusedByBroker,  // it did not take it, or did not turn its loop in time
    DroppedByRule,    // on_invalid keeps it from everyone
};

struct PublishAnswer {
    std::uint64_t id = 0;  // given by the PublishDesk
    PublishResult result = PublishResult::Taken;
};

}  // namespace rtbridge
