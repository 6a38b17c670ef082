#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "rules/text_template.h"

namespace rtbridge {

// A topic to publish to or to look up, as "live/{payload.userId}". Values come from devices and
// browsers, so one that would change the levels of the topic, or hide it behind '$', makes the
// topic unusable.
//
// Thread: any; immutable.
class PublishTopic {
public:
    [[nodiscard]] static Result<PublishTopic, std::vector<std::string>> compile(
        std::string_view source, TemplatePlace place, const TemplateNames& names);

    // The topic, or why there is none.
    [[nodiscard]] Result<std::string, std::string> make(const TemplateValues& values) const;

    // Every value that keeps make() from a topic.
    struct Unusable {
        std::string name;  // as in braces
        std::string why;   // "is missing", "contains '/'"
    };
    [[nodiscard]] std::vector<Unusable> unusable(const TemplateValues& values) const;

    // Whether make() needs no payload: then a retained message under it can be cleared.
    [[nodiscard]] bool known_from_topic() const;
    [[nodiscard]] const std::vector<TextTemplate::Part>& parts() const { return text_.parts(); }

private:
    explicit PublishTopic(TextTemplate text) : text_(std::move(text)) {}

    TextTemplate text_;
};

}  // namespace rtbridge
