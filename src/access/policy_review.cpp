#include "access/policy_review.h"

#include <algorithm>
#include <array>

#include "access/coverage.h"
#include "config/in_quotes.h"
#include "config/suggestion.h"

namespace rtbridge {
namespace {

bool has_wildcard(std::string_view topic) {
    return topic.find_first_of("+#") != std::string_view::npos;
}

// "receive and subscribe"
std::string listed(ActionSet actions) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        if (actions.contains(static_cast<Action>(i))) names.push_back(action_names[i]);
    }
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
        text += names[i];
    }
    return text;
}

// All conditions that are `who` with some of its parts left out.
std::vector<Who> wider_or_equal(const Who& who) {
    std::vector<Who> found;
    for (unsigned mask = 0; mask < 16; ++mask) {
        Who part;
        if ((mask & 1U) != 0) part.user = who.user;
        if ((mask & 2U) != 0) part.client = who.client;
        if ((mask & 4U) != 0) part.role = who.role;
        if ((mask & 8U) != 0) part.address = who.address;
        if (std::find(found.begin(), found.end(), part) == found.end()) found.push_back(part);
    }
    return found;
}

}  // namespace

PolicyReview::PolicyReview(const Config& config, const Policy::Index& index,
                           Diagnostics& diagnostics)
    : config_(config), index_(index), diagnostics_(diagnostics) {
    for (const Placeholder& each : index.placeholders) values_.push_back(each.text());
}

void PolicyReview::run() {
    if (index_.rules.size() > rules_max) return;
    for (const AclRuleConfig& rule : index_.rules) {
        if (warn_of_unknown_role(rule) || warn_of_claims_without_tokens(rule) ||
            warn_of_shared_topics(rule) || warn_of_browsers_without_client_id(rule) ||
            warn_of_default(rule)) {
            continue;
        }
        if (rule.effect == AclEffect::Deny) continue;
        const Subject subject = subject_of(rule);
        if (warn_of_useless_allow(subject)) continue;
        warn_of_everything(subject);
        warn_of_missing_partner(subject, Action::PublishRetained, Action::Publish);
        warn_of_missing_partner(subject, Action::Receive, Action::Subscribe);
        warn_of_missing_partner(subject, Action::Subscribe, Action::Receive);
        warn_of_denied_part(subject);
    }
}

PolicyReview::Subject PolicyReview::subject_of(const AclRuleConfig& rule) const {
    Subject subject{rule, Who::of(rule), {}, false};
    ActionMasks admin;
    for (const Who& who : wider_or_equal(subject.who)) {
        const std::optional<WhoClasses::Class> known = index_.who.find(who);
        if (!known) continue;
        subject.roots.push_back(index_.classes[*known].root);
        admin |= index_.classes[*known].admin;
    }
    subject.admin = admin.allow.contains(Action::Admin) && !admin.deny.contains(Action::Admin);
    return subject;
}

bool PolicyReview::warn_of_unknown_role(const AclRuleConfig& rule) {
    if (!rule.role) return false;
    const std::string& role = rule.role->value;
    if (config_.auth) {
        const AuthConfig& auth = *config_.auth;
        const bool given =
            !auth.jwt.empty() || auth.anonymous_role == role ||
            std::any_of(auth.roles.begin(), auth.roles.end(),
                        [&](const AuthRoleConfig& each) { return each.role == role; });
        if (given) return false;
    }
    std::vector<std::string_view> given;
    if (config_.auth) {
        for (const AuthRoleConfig& each : config_.auth->roles) given.emplace_back(each.role);
        if (config_.auth->anonymous_role) given.emplace_back(*config_.auth->anonymous_role);
    }
    diagnostics_.warning(
        rule.role->place,
        "this rule can never match: nothing gives the role " + in_quotes(role) + "; " +
            did_you_mean(role, given, "add [[auth.role]], [[auth.jwt]] or [auth] anonymous"));
    return true;
}

// Only MQTT clients have a client id, and for them there are neither history nor keys.
bool PolicyReview::warn_of_browsers_without_client_id(const AclRuleConfig& rule) {
    if (!rule.client) return false;
    const ActionSet of_mqtt = receive_live | Action::Publish | Action::PublishRetained;
    const bool allows_by_key = !rule.keys.empty() && rule.effect == AclEffect::Allow;
    if (rule.actions.intersects(of_mqtt) && !allows_by_key) return false;
    const std::string what =
        allows_by_key ? "MQTT knows no keys" : listed(rule.actions) + " is of browsers";
    diagnostics_.warning(rule.client->place, "this rule has no effect: " + what +
                                                 ", and browsers have no client id; name them by "
                                                 "user or role");
    return true;
}

// Deny beats allow, and the default allows what nothing denies: all but admin and $CONTROL.
bool PolicyReview::warn_of_default(const AclRuleConfig& rule) {
    const bool allowed_anyway =
        config_.acl->default_effect == AclEffect::Allow && rule.effect == AclEffect::Allow;
    if (!allowed_anyway || rule.actions.contains(Action::Admin)) return false;
    for (const Placed<std::string>& topic : rule.topics) {
        if (topic.value.starts_with("$CONTROL")) return false;
    }
    diagnostics_.warning(rule.place,
                         "this rule has no effect: with default = \"allow\" all this is allowed "
                         "anyway, and a deny beats every allow; remove it, or write default = "
                         "\"deny\"");
    return true;
}

bool PolicyReview::warn_of_claims_without_tokens(const AclRuleConfig& rule) {
    if (config_.auth && !config_.auth->jwt.empty()) return false;
    bool warned = false;
    for (const auto* const texts : {&rule.topics, &rule.keys}) {
        for (const Placed<std::string>& text : *texts) {
            if (text.value.find("{claim.") == std::string::npos) continue;
            diagnostics_.warning(text.place, in_quotes(text.value) +
                                                 " can never match: claims come from tokens, and "
                                                 "there is no [[auth.jwt]]");
            warned = true;
        }
    }
    return warned;
}

bool PolicyReview::warn_of_shared_topics(const AclRuleConfig& rule) {
    bool warned = false;
    for (const Placed<std::string>& topic : rule.topics) {
        if (!topic.value.starts_with("$share/")) continue;
        diagnostics_.warning(topic.place,
                             in_quotes(topic.value) +
                                 " can never match: a shared subscription is checked by the filter "
                                 "behind its group; write " +
                                 in_quotes(without_share_prefix(topic.value)));
        warned = true;
    }
    return warned;
}

bool PolicyReview::warn_of_useless_allow(const Subject& subject) {
    const AclRuleConfig& rule = subject.rule;
    const CoverageSearch search(index_, subject.roots, values_);
    bool useless = false;
    for (const Placed<std::string>& topic : rule.topics) {
        if (!search.each_denied(rule.actions - Action::Admin, topic.value)) continue;
        diagnostics_.warning(topic.place, "allowing " + in_quotes(topic.value) +
                                              " has no effect: denies take it all away again");
        useless = true;
    }
    return useless;
}

void PolicyReview::warn_of_everything(const Subject& subject) {
    const ActionSet wide = receive_live | Action::Publish | Action::PublishRetained;
    const AclRuleConfig& rule = subject.rule;
    if (subject.admin || !rule.keys.empty() || !rule.actions.intersects(wide)) return;
    const ActionSet given = rule.actions - Action::History - Action::Admin;
    for (const Placed<std::string>& topic : rule.topics) {
        if (topic.value != "#" && topic.value != "+/#") continue;
        const std::string whom =
            subject.who.everyone() ? "everyone" : "those that this rule names, who are no admins,";
        diagnostics_.warning(topic.place, whom + " may " + listed(given) +
                                              " every topic; name the topics that are meant");
    }
}

void PolicyReview::warn_of_missing_partner(const Subject& subject, Action given, Action needed) {
    const AclRuleConfig& rule = subject.rule;
    if (!rule.actions.contains(given) || rule.actions.contains(needed)) return;
    const CoverageSearch search(index_, subject.roots, values_);
    for (const Placed<std::string>& topic : rule.topics) {
        if (search.coverage(needed, topic.value, nullptr) != Coverage::None) continue;
        diagnostics_.warning(topic.place, "allowing " + std::string(name_of(given)) + " on " +
                                              in_quotes(topic.value) + " has no effect without " +
                                              std::string(name_of(needed)));
    }
}

void PolicyReview::warn_of_denied_part(const Subject& subject) {
    const AclRuleConfig& rule = subject.rule;
    if (!rule.actions.contains(Action::Subscribe) || !rule.keys.empty()) return;
    const CoverageSearch search(index_, subject.roots, values_);
    for (const Placed<std::string>& topic : rule.topics) {
        if (!has_wildcard(topic.value)) continue;
        if (search.coverage(receive_live, topic.value, nullptr) != Coverage::Part) continue;
        if (!search.some_denied(receive_live, topic.value)) continue;
        diagnostics_.warning(topic.place,
                             "a part of " + in_quotes(topic.value) +
                                 " is denied: browsers that select it are refused, MQTT clients "
                                 "that subscribe to it get the rest");
    }
}

}  // namespace rtbridge
