#include "rules/publish_topic.h"

#include <algorithm>

#include "topic/topic_filter.h"
#include "topic/topic_name.h"

namespace rtbridge {
namespace {

// Null, or why a value may not stand in a topic. It is one level unless it is a whole topic.
const char* value_mistake(const Brace& brace, std::string_view value) {
    if (value.empty()) return "is empty";
    if (!brace.may_have_levels() && value.find('/') != std::string_view::npos)
        return "contains '/'";
    return topic_text_mistake(value);
}

}  // namespace

Result<PublishTopic, std::vector<std::string>> PublishTopic::compile(std::string_view source,
                                                                     TemplatePlace place,
                                                                     const TemplateNames& names) {
    Result<TextTemplate, std::vector<std::string>> text =
        TextTemplate::compile(source, place, names);
    if (!text.ok()) return Failure{text.error()};
    std::vector<std::string> mistakes;
    if (text.value().parts().empty()) mistakes.emplace_back("the topic to publish to is empty");
    for (const TextTemplate::Part& part : text.value().parts()) {
        const char* mistake = part.brace ? nullptr : topic_text_mistake(part.text);
        if (mistake != nullptr) {
            mistakes.push_back(std::string("the topic to publish to ") + mistake);
        }
    }
    if (source.size() > topic_bytes_max)
        mistakes.emplace_back("the topic to publish to is too long");
    if (!mistakes.empty()) return Failure{std::move(mistakes)};
    return PublishTopic(std::move(text).value());
}

Result<std::string, std::string> PublishTopic::make(const TemplateValues& values) const {
    std::string topic;
    for (const TextTemplate::Part& part : text_.parts()) {
        const std::size_t begin = topic.size();
        if (!part.brace) {
            topic += part.text;
            continue;
        }
        const char* mistake = "is missing";
        if (part.brace->append_text(values, topic)) {
            mistake = value_mistake(*part.brace, std::string_view(topic).substr(begin));
        }
        if (mistake != nullptr) {
            return Failure{"cannot publish: {" + part.brace->name() + "} " + mistake};
        }
    }
    const bool hidden_on_purpose = text_.parts().front().text.starts_with('$');
    if (topic.starts_with('$') && !hidden_on_purpose) {
        return Failure{std::string("cannot publish: the topic would start with '$'")};
    }
    if (topic.size() > topic_bytes_max) {
        return Failure{std::string("cannot publish: the topic would be longer than 65535 bytes")};
    }
    if (const char* mistake = topic_name_mistake(topic)) {
        return Failure{std::string("cannot publish: the topic ") + mistake};
    }
    return topic;
}

std::vector<PublishTopic::Unusable> PublishTopic::unusable(const TemplateValues& values) const {
    std::vector<Unusable> found;
    for (const TextTemplate::Part& part : text_.parts()) {
        if (!part.brace) continue;
        std::string value;
        const char* mistake = "is missing";
        if (part.brace->append_text(values, value)) mistake = value_mistake(*part.brace, value);
        if (mistake != nullptr) found.push_back({part.brace->name(), mistake});
    }
    return found;
}

bool PublishTopic::known_from_topic() const {
    return std::all_of(text_.parts().begin(), text_.parts().end(),
                       [](const TextTemplate::Part& part) {
                           return !part.brace || part.brace->known_from_topic();
                       });
}

}  // namespace rtbridge
