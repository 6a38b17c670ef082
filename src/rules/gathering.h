#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "handoff/invalid_reason.h"
#include "rules/json_path.h"
#include "rules/publish_topic.h"

namespace rtbridge {

class WorkingPayload;

// `gather` of a rule: makes one payload of the values that stand in several messages.
//
// Thread: any; immutable.
class Gathering {
public:
    // What is known of one subject: JSON by member, in no order.
    using Values = std::vector<std::pair<std::string, std::string>>;

    Gathering(const GatherConfig& config, PublishTopic topic);

    // What browsers see, and what is one subject; made of captures.
    [[nodiscard]] const PublishTopic& topic() const { return topic_; }
    // Takes the value of a message on the rule's `topic_position`-th topic. A null, and an empty
    // payload, say that there is none any more. Nothing, or why there is no value.
    [[nodiscard]] std::optional<Invalidity> take(std::size_t topic_position,
                                                 WorkingPayload& payload, Values& values) const;
    static constexpr std::string_view nothing = "{}";
    // A JSON object of what is known; `nothing` where that is nothing.
    [[nodiscard]] std::string payload(const Values& values) const;

private:
    PublishTopic topic_;
    std::optional<JsonPath> value_;
    std::vector<std::string> fields_;   // by position of the topic
    std::vector<std::string> members_;  // each field once, in file order
};

}  // namespace rtbridge
