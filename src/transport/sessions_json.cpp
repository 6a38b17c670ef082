#include "transport/sessions_json.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace rtbridge {
namespace {

using nlohmann::ordered_json;

ordered_json session_json(const Session& session) {
    const Identity& identity = session.access()->identity();
    const Selection& selection = session.selection();
    const SessionStatistics& statistics = session.statistics();
    ordered_json topics = ordered_json::array();
    for (const TopicFilter& topic : selection.topics) topics.push_back(topic.text());
    ordered_json keys = ordered_json::object();
    for (const KeySelector& key : selection.keys) keys[key.name].push_back(key.value);
    ordered_json expires = nullptr;
    if (identity.expires_unix_s) expires = *identity.expires_unix_s * 1000;
    return {{"id", session.id()},
            {"transport", session.transport()},
            {"user", identity.user.empty() ? ordered_json(nullptr) : ordered_json(identity.user)},
            {"roles", identity.roles},
            {"address", identity.address},
            {"connected_at", session.connected_at_unix_ms()},
            {"expires_at", std::move(expires)},
            {"subscriptions", selection.topics.size() + selection.keys.size()},
            {"topics", std::move(topics)},
            {"keys", std::move(keys)},
            {"queue_bytes", session.queue_bytes()},
            {"delivered", statistics.delivered},
            {"conflated", statistics.conflated},
            {"dropped", statistics.dropped}};
}

}  // namespace

std::string sessions_json(const Sessions& sessions) {
    ordered_json items = ordered_json::array();
    sessions.for_each([&items](const Session& session) { items.push_back(session_json(session)); });
    return ordered_json{{"items", std::move(items)}}.dump(-1, ' ', false,
                                                          nlohmann::json::error_handler_t::replace);
}

}  // namespace rtbridge
