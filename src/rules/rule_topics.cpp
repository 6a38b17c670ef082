#include "rules/rule_topics.h"

#include <algorithm>

#include "topic/topic_overlap.h"

namespace rtbridge {

std::vector<std::string> filters_of(const Rule& rule) {
    std::vector<std::string> filters;
    for (const Rule::Topic& topic : rule.topics()) filters.push_back(topic.filter.text());
    return filters;
}

std::vector<TopicPattern> topics_for_browsers(const RuleConfig& config, const Rule& rule) {
    if (rule.mqtt() == TowardsMqtt::Publish) {
        return TopicPattern::of(config.publish_topic.value, filters_of(rule), rule.name());
    }
    if (config.gather) {
        return TopicPattern::of(config.gather->topic.value, filters_of(rule), rule.name());
    }
    std::vector<TopicPattern> patterns;
    for (const Rule::Topic& topic : rule.topics()) patterns.emplace_back(topic.filter.text());
    return patterns;
}

bool covers(const Rule& wide, const Rule& narrow) {
    return std::all_of(narrow.topics().begin(), narrow.topics().end(), [&](const auto& inner) {
        return std::any_of(wide.topics().begin(), wide.topics().end(), [&](const auto& outer) {
            return covers(outer.filter.text(), inner.filter.text());
        });
    });
}

bool overlap(const Rule& a, const Rule& b) {
    return std::any_of(a.topics().begin(), a.topics().end(), [&](const auto& one) {
        return std::any_of(b.topics().begin(), b.topics().end(), [&](const auto& other) {
            return overlap(one.filter.text(), other.filter.text());
        });
    });
}

std::optional<std::string> crossing(const Rule& a, const Rule& b) {
    for (const Rule::Topic& one : a.topics()) {
        for (const Rule::Topic& other : b.topics()) {
            const std::string& x = one.filter.text();
            const std::string& y = other.filter.text();
            if (overlap(x, y) && !covers(x, y) && !covers(y, x)) return intersection(x, y);
        }
    }
    return std::nullopt;
}

}  // namespace rtbridge
