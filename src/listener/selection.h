#pragma once

#include <optional>
#include <string>
#include <vector>

#include "handoff/update.h"
#include "topic/topic_filter.h"

namespace rtbridge {

struct KeySelector {
    std::string name;   // as in Update::key_name; empty: whatever it is called
    std::string value;  // compared as text
};

// What a session wants to see. Selectors of different kinds narrow each other, several of one kind
// widen. Nothing selected = every update.
struct Selection {
    std::vector<TopicFilter> topics;
    std::vector<KeySelector> keys;

    [[nodiscard]] bool selects(const Update& update) const noexcept;
    // Equal for selections that select the same; groups sessions.
    [[nodiscard]] std::string canonical() const;
    // As in the query of a URL, for people: "topic=site/+&userId=anna"; empty: everything.
    [[nodiscard]] std::string text() const;
};

}  // namespace rtbridge
