#include "transport/publish_check.h"

#include "config/in_quotes.h"
#include "transport/denial.h"

namespace rtbridge {
namespace {

// The action that is refused, where one is.
std::optional<Action> refused_action(const PublishRequest& publish, const Grants& grants) {
    if (!grants.may(Action::Publish, publish.topic)) return Action::Publish;
    if (publish.retain && !grants.may(Action::PublishRetained, publish.topic)) {
        return Action::PublishRetained;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> refuse_publish(const PublishRequest& publish,
                                          const SessionAccess& access, const ApiContext& context) {
    const std::optional<Action> action = refused_action(publish, *access.grants);
    if (!action) return std::nullopt;
    const std::string what = std::string(name_of(*action)) + " to " + in_quotes(publish.topic);
    report_denial(context, access.identity(), what,
                  access.grants->decide(*action, publish.topic).rule);
    return "no access to " + what;
}

std::string_view why_not_published(PublishResult result) {
    return result == PublishResult::DroppedByRule
               ? "a rule refused the payload (on_invalid)"
               : "the broker did not take it: no memory, or it hangs";
}

}  // namespace rtbridge
