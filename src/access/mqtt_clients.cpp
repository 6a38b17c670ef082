#include "access/mqtt_clients.h"

#include <utility>

namespace rtbridge {

MqttClients::Entry* MqttClients::find(std::string_view id) {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second.get();
}

MqttClients::Entry& MqttClients::connect(std::string_view id, MqttConnection connection) {
    auto it = by_id_.find(id);
    if (it == by_id_.end()) {
        it = by_id_.emplace(std::string(id), std::make_unique<Entry>()).first;
        it->second->id = id;
    } else {
        Entry& entry = *it->second;
        if (!entry.current.online) away_.erase(entry.away);
        // The broker runs connected clients through their login again at a reload.
        if (entry.current.connection != connection.connection) {
            entry.previous = std::move(entry.current);
        }
    }
    Entry& entry = *it->second;
    entry.current = std::move(connection);
    if (!entry.current.online) entry.away = away_.insert(away_.end(), &entry);
    return entry;
}

std::size_t MqttClients::disconnect(std::string_view id, const void* connection) {
    Entry* const entry = find(id);
    if (entry == nullptr) return 0;
    if (entry->previous && entry->previous->connection == connection) {
        entry->previous->online = false;  // of a takeover: the current one goes on
        return 0;
    }
    if (entry->current.connection != connection || !entry->current.online) return 0;
    entry->current.online = false;
    entry->away = away_.insert(away_.end(), entry);

    std::size_t forgotten = 0;
    while (away_.size() > away_max_) {
        const Entry* const oldest = away_.front();
        away_.pop_front();
        by_id_.erase(by_id_.find(oldest->id));
        ++forgotten;
    }
    return forgotten;
}

void MqttClients::clear() {
    away_.clear();
    by_id_.clear();
}

void MqttClients::for_each(const std::function<void(Entry&)>& visit) {
    for (const auto& [id, entry] : by_id_) visit(*entry);
}

}  // namespace rtbridge
