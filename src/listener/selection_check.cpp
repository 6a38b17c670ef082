#include "listener/selection_check.h"

#include <utility>
#include <vector>

namespace rtbridge {
namespace {

// Which rule says no to one topic. A filter with wildcards stands for many, and no single rule
// answers for them.
const AclRuleConfig* denying_rule(const Grants& grants, std::string_view topic,
                                  std::optional<std::string_view> key) {
    if (topic.find_first_of("+#") != std::string_view::npos) return nullptr;
    for (const Action action : {Action::Receive, Action::Subscribe}) {
        const Grants::Decision decision = grants.decide(action, topic, key);
        if (!decision.allowed) return decision.rule;
    }
    return nullptr;
}

}  // namespace

std::optional<SelectionDenial> check_selection(const Selection& selection, const Grants& grants) {
    std::vector<std::string> keys;
    for (const KeySelector& key : selection.keys) keys.push_back(key.value);

    for (const TopicFilter& filter : selection.topics) {
        if (grants.coverage(receive_live, filter, keys) == Coverage::All) continue;
        const std::string& text = filter.text();
        const std::optional<std::string_view> key =
            keys.empty() ? std::nullopt : std::optional<std::string_view>(keys.front());
        return SelectionDenial{"topic " + text, "no access to all of topic=" + text,
                               denying_rule(grants, text, key)};
    }
    if (!selection.topics.empty()) return std::nullopt;

    for (const KeySelector& key : selection.keys) {
        if (grants.anything(receive_live, key.value)) continue;
        const std::string text = (key.name.empty() ? "key" : key.name) + "=" + key.value;
        return SelectionDenial{text, "no access to anything of " + text, nullptr};
    }
    if (selection.keys.empty() && !grants.anything(receive_live)) {
        return SelectionDenial{"any topic", "no access to any topic", nullptr};
    }
    return std::nullopt;
}

}  // namespace rtbridge
