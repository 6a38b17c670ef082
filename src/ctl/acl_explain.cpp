#include <iomanip>
#include <ostream>

#include "base/log.h"
#include "ctl/acl.h"
#include "ctl/acl_words.h"

namespace rtbridge {
namespace {

constexpr int action_width = 18;
constexpr int verdict_width = 9;

void print(std::ostream& out, Action action, std::string_view verdict, const std::string& why) {
    out << "  " << std::left << std::setw(action_width) << name_of(action)
        << std::setw(verdict_width) << verdict << escape_control(why) << "\n";
}

std::string_view verdict_of(Coverage coverage) {
    switch (coverage) {
        case Coverage::All:
            return "allowed";
        case Coverage::Part:
            return "in part";
        case Coverage::None:
            break;
    }
    return "denied";
}

bool is_filter(const std::string& topic) {
    return topic.find_first_of("+#") != std::string::npos;
}

// Subscriptions of browsers see the keys of updates, those of MQTT clients do not.
void print_without_keys(const Grants& grants, const AclQuestion& question, Coverage with_keys,
                        std::ostream& out) {
    const ActionSet needed = needed_for(question.action);
    if (question.key || !needed.intersects(receive_live)) return;
    const Coverage coverage =
        grants.coverage_without_key(needed, TopicFilter::parse(question.topic).value());
    if (coverage == with_keys) return;
    out << "for browsers, by key; for MQTT clients, which know no keys: " << verdict_of(coverage)
        << "\n";
}

// A filter stands for many topics, so no single rule decides.
Coverage explain_filter(const Grants& grants, const AclQuestion& question, std::ostream& out) {
    const TopicFilter filter = TopicFilter::parse(question.topic).value();
    const std::vector<std::string> keys =
        question.key ? std::vector<std::string>{*question.key} : std::vector<std::string>();
    const ActionSet needed = needed_for(question.action);
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        const auto action = static_cast<Action>(i);
        if (!needed.contains(action)) continue;
        print(out, action, verdict_of(grants.coverage(action, filter, keys)), "");
    }
    return grants.coverage(needed, filter, keys);
}

}  // namespace

bool acl_explain(const Configuration& configuration, const Identity& who,
                 const AclQuestion& question, std::ostream& out) {
    const std::shared_ptr<const Grants> grants = configuration.access->policy->grants(who);
    const ActionSet needed = needed_for(question.action);
    if (question.action != Action::Admin && is_filter(question.topic)) {
        const Coverage coverage = explain_filter(*grants, question, out);
        out << verdict_of(coverage);
        if (coverage == Coverage::Part) {
            out << ": MQTT clients get what is allowed of it, browsers that select it are refused";
        }
        out << "\n";
        print_without_keys(*grants, question, coverage, out);
        return coverage == Coverage::All;
    }
    const std::optional<std::string_view> key = question.key;
    bool allowed = true;
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        const auto action = static_cast<Action>(i);
        if (!needed.contains(action)) continue;
        const Grants::Decision decision = grants->decide(action, question.topic, key);
        allowed = allowed && decision.allowed;
        print(out, action, decision.allowed ? "allowed" : "denied",
              decision.rule ? words_of(decision.rule->place) + ": " + words_of(*decision.rule)
                            : "no rule matches; " + default_in_words(configuration.config));
    }
    out << (allowed ? "allowed" : "denied");
    if (needed != ActionSet(question.action)) {
        out << ": " << name_of(question.action) << " is of use only where all of "
            << words_of(needed) << " are allowed";
    }
    out << "\n";
    return allowed;
}

}  // namespace rtbridge
