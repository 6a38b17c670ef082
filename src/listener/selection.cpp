#include "listener/selection.h"

#include <algorithm>

namespace rtbridge {

bool Selection::selects(const Update& update) const noexcept {
    const bool topic_selected =
        topics.empty() || std::any_of(topics.begin(), topics.end(), [&](const TopicFilter& filter) {
            return filter.matches(update.topic);
        });
    if (!topic_selected) return false;
    return keys.empty() || std::any_of(keys.begin(), keys.end(), [&](const KeySelector& key) {
               return (key.name.empty() || key.name == update.key_name) && key.value == update.key;
           });
}

std::string Selection::canonical() const {
    std::vector<std::string> parts;
    for (const TopicFilter& topic : topics) parts.push_back("t" + std::string(topic.text()));
    for (const KeySelector& key : keys) parts.push_back("k" + key.name + '\0' + key.value);
    std::sort(parts.begin(), parts.end());
    std::string text;
    for (const std::string& part : parts) {
        // The length first: no choice of key values can look like another selection.
        text += std::to_string(part.size()) + ":" + part;
    }
    return text;
}

std::string Selection::text() const {
    std::string text;
    const auto append = [&text](std::string_view name, std::string_view value) {
        if (!text.empty()) text += '&';
        text.append(name).append("=").append(value);
    };
    for (const TopicFilter& topic : topics) append("topic", topic.text());
    for (const KeySelector& key : keys) append(key.name.empty() ? "key" : key.name, key.value);
    return text;
}

}  // namespace rtbridge
