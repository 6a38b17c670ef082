#include <algorithm>

#include "config/in_quotes.h"
#include "config/suggestion.h"
#include "rules/rule.h"
#include "rules/rule_review.h"
#include "rules/rule_topics.h"

namespace rtbridge {
namespace {

class RequestReview {
public:
    RequestReview(const Config& config, const RuleSet& rules, Diagnostics& diagnostics)
        : config_(config), diagnostics_(diagnostics) {
        for (std::size_t i = 0; i < config.rules.size(); ++i) {
            const Rule& rule = *rules.rules()[i];
            has_key_ = has_key_ || !rule.key_name().empty();
            for (TopicPattern& seen : topics_for_browsers(config.rules[i], rule)) {
                seen_.push_back(std::move(seen));
            }
        }
    }

    void run() {
        for (const HttpRouteConfig& route : config_.http_routes) {
            if (route.method == HttpRouteMethod::Get) warn_of_topic(route.latest);
        }
        for (const SocketIoOnConfig& on : config_.socketio.on) {
            if (on.action == SocketIoDo::Latest && on.topic) warn_of_topic(*on.topic);
            warn_of_key(on);
            warn_of_role(on);
        }
        if (!config_.acl || has_key_) return;
        for (const AclRuleConfig& rule : config_.acl->rules) {
            if (rule.keys.empty()) continue;
            diagnostics_.warning(rule.keys.front().place,
                                 "this rule can never match: no [[rule]] gives a key");
        }
    }

private:
    void warn_of_topic(const Placed<std::string>& source) {
        if (source.value.find("{topic}") != std::string::npos) return;
        for (const TopicPattern& asked : TopicPattern::of(source.value, {}, "")) {
            const bool known =
                std::any_of(seen_.begin(), seen_.end(), [&](const TopicPattern& seen) {
                    return asked.overlaps(seen.filter()) && seen.overlaps(asked.filter());
                });
            if (known) return;
        }
        diagnostics_.warning(source.place, in_quotes(source.value) +
                                               " never has a value: browsers see only what a "
                                               "[[rule]] matches, and none matches such topics");
    }

    void warn_of_key(const SocketIoOnConfig& on) {
        const bool by_key = on.action == SocketIoDo::Subscribe || on.action == SocketIoDo::Latest;
        if (!by_key || has_key_) return;
        diagnostics_.warning(on.event.place, "event " + in_quotes(on.event.value) +
                                                 " finds nothing: no [[rule]] gives a key");
    }

    // Without [auth] roles are not asked for.
    void warn_of_role(const SocketIoOnConfig& on) {
        if (on.role.empty() || !config_.auth || !config_.auth->jwt.empty()) return;
        std::vector<std::string_view> given;
        for (const AuthRoleConfig& each : config_.auth->roles) given.emplace_back(each.role);
        if (config_.auth->anonymous_role) given.emplace_back(*config_.auth->anonymous_role);
        if (std::find(given.begin(), given.end(), on.role) != given.end()) return;
        diagnostics_.warning(
            on.event.place,
            "nobody can send the event " + in_quotes(on.event.value) + ": nothing gives the role " +
                in_quotes(on.role) + "; " +
                did_you_mean(on.role, given,
                             "add [[auth.role]], [[auth.jwt]] or [auth] anonymous"));
    }

    const Config& config_;
    Diagnostics& diagnostics_;
    std::vector<TopicPattern> seen_;
    bool has_key_ = false;
};

}  // namespace

void review_requests(const Config& config, const RuleSet& rules, Diagnostics& diagnostics) {
    RequestReview(config, rules, diagnostics).run();
}

}  // namespace rtbridge
