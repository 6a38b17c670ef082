#include "rules/publish_topic.h"

#include <algorithm>

#include "base/utf8.h"
#include "topic/topic_filter.h"

namespace rtbridge {
namespace {

// Null, or why `text` may not stand in a topic to publish to.
const char* topic_text_mistake(std::string_view text) {
    if (text.find_first_of("+#") != std::string_view::npos) return "contains '+' or '#'";
    if (!is_utf8(text)) return "is not valid UTF-8";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // U+0080 to U+009F are C2 80 to C2 9F.
        const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (byte < 0x20 || byte == 0x7F || c1) return "contains a control character";
    }
    return nullptr;
}

// The same for a value, which is one level unless it is a whole topic.
const char* value_mistake(const Brace& brace, std::string_view value) {
    if (value.empty()) return "is empty";
    if (!brace.may_have_levels() && value.find('/') != std::string_view::npos)
        return "contains '/'";
    return topic_text_mistake(value);
}

}  // namespace

Result<PublishTopic, std::vector<std::string>> PublishTopic::compile(std::string_view source,
                                                                     const TemplateNames& names) {
    Result<TextTemplate, std::vector<std::string>> text =
        TextTemplate::compile(source, TemplatePlace::PublishTopic, names);
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

Result<std::string, std::string> PublishTopic::make(const RuleValues& values) const {
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
    return topic;
}

bool PublishTopic::known_from_topic() const {
    return std::all_of(text_.parts().begin(), text_.parts().end(),
                       [](const TextTemplate::Part& part) {
                           return !part.brace || part.brace->known_from_topic();
                       });
}

}  // namespace rtbridge
