#include "transport/sessions_json.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace rtbridge {
namespace {

using nlohmann::ordered_json;

ordered_json session_json(const SessionRecord& session, const SessionRegistry::Details& details) {
    const Identity& identity = *details.identity;
    ordered_json selections = ordered_json::array();
    for (const auto& selection : details.selections) selections.push_back(*selection);
    ordered_json expires = nullptr;
    if (identity.expires_unix_s) expires = *identity.expires_unix_s * 1000;
    return {{"id", session.id},
            {"transport", session.transport},
            {"user", identity.user.empty() ? ordered_json(nullptr) : ordered_json(identity.user)},
            {"roles", identity.roles},
            {"address", identity.address},
            {"connected_at", session.connected_at_unix_ms},
            {"expires_at", std::move(expires)},
            {"subscriptions", session.subscriptions.value()},
            {"selections", std::move(selections)},
            {"queue_bytes", session.queue_bytes.value()},
            {"matched", session.matched.value()},
            {"delivered", session.delivered.value()},
            {"conflated", session.conflated.value()},
            {"dropped", session.dropped.value()},
            {"gaps", session.gaps.value()}};
}

}  // namespace

std::string sessions_json(const SessionRegistry& sessions) {
    ordered_json items = ordered_json::array();
    for (const auto& [record, details] : sessions.list()) {
        items.push_back(session_json(*record, details));
    }
    return ordered_json{{"items", std::move(items)}}.dump(-1, ' ', false,
                                                          nlohmann::json::error_handler_t::replace);
}

}  // namespace rtbridge
