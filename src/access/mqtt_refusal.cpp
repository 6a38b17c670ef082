#include "access/mqtt_refusal.h"

#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr std::string_view name_of(MqttRequest request) {
    switch (request) {
        case MqttRequest::Publish:
            return "publish";
        case MqttRequest::PublishRetained:
            return "publish_retained";
        case MqttRequest::RetainedSource:
            return "keep retained";
        case MqttRequest::Receive:
            return "receive";
        case MqttRequest::Subscribe:
            break;
    }
    return "subscribe";
}

// The action of a refused request that no rule allows, for the log.
Action missing_action(const Grants& grants, MqttRequest request, std::string_view topic) {
    const ActionSet needed = actions_of(request);
    for (const Action action :
         {Action::Publish, Action::PublishRetained, Action::Receive, Action::Subscribe}) {
        if (needed.contains(action) && !grants.decide(action, topic).allowed) return action;
    }
    return Action::Subscribe;
}

}  // namespace

std::string who_is(const MqttClient& client, std::string_view user) {
    std::string text = "client " + in_quotes(client.id);
    std::string details;
    if (!user.empty()) details += "user " + in_quotes(user);
    if (!client.address.empty()) details.append(details.empty() ? "" : ", ").append(client.address);
    return details.empty() ? text : text + " (" + details + ")";
}

std::string who_may_not(const MqttClient& client, const Identity& identity, MqttRequest request,
                        std::string_view topic) {
    return who_is(client, identity.user) + " may not " + std::string(name_of(request)) + " " +
           in_quotes(topic) + ": ";
}

std::string refusal_of(const MqttClient& client, const Identity& identity, const Grants& grants,
                       MqttRequest request, std::string_view topic) {
    const std::string line = who_may_not(client, identity, request, topic);
    if (request == MqttRequest::Subscribe) {
        return line + "no rule allows receive and subscribe on any of it";
    }
    const Action missing = missing_action(grants, request, topic);
    const Grants::Decision decision = grants.decide(missing, topic);
    const std::string retained = missing == Action::PublishRetained ? "retained: " : "";
    if (decision.rule == nullptr) {
        return line + retained + "no rule allows " + std::string(name_of(missing));
    }
    const SourcePlace& place = decision.rule->place;
    return line + retained + "denied by " + place.file + ":" + std::to_string(place.line);
}

}  // namespace rtbridge
