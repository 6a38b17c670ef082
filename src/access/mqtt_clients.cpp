#include "access/mqtt_clients.h"

#include <utility>

namespace rtbridge {
namespace {

// Roughly what it takes, mostly by texts that the client chose.
std::size_t bytes_of(const MqttConnection& connection) {
    std::size_t bytes = 512 + 2 * connection.user.size();
    if (!connection.identity) return bytes;
    bytes += connection.identity->client.size();
    for (const auto& [name, value] : connection.identity->claims) {
        bytes += 96 + name.size() + value.size();
    }
    return bytes;
}

}  // namespace

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
        if (!entry.current.online) come_back(entry);
        // The broker runs connected clients through their login again at a reload.
        if (entry.current.connection != connection.connection) {
            entry.previous = std::move(entry.current);
        }
    }
    Entry& entry = *it->second;
    entry.current = std::move(connection);
    if (!entry.current.online) leave(entry);
    return entry;
}

void MqttClients::disconnect(std::string_view id, const void* connection) {
    Entry* const entry = find(id);
    if (entry == nullptr) return;
    if (entry->previous && entry->previous->connection == connection) {
        entry->previous->online = false;  // of a takeover: the current one goes on
        return;
    }
    if (entry->current.connection != connection || !entry->current.online) return;
    entry->current.online = false;
    leave(*entry);
}

void MqttClients::leave(Entry& entry) {
    entry.away_bytes_ = 2 * entry.id.size() + bytes_of(entry.current) +
                        (entry.previous ? bytes_of(*entry.previous) : 0);
    entry.away_ = away_.insert(away_.end(), &entry);
    away_bytes_ += entry.away_bytes_;
}

void MqttClients::come_back(Entry& entry) {
    away_.erase(entry.away_);
    away_bytes_ -= entry.away_bytes_;
}

std::size_t MqttClients::forget_surplus() {
    std::size_t forgotten = 0;
    while (away_.size() > away_max_ || away_bytes_ > away_bytes_max_) {
        Entry& oldest = *away_.front();
        come_back(oldest);
        by_id_.erase(by_id_.find(oldest.id));
        ++forgotten;
    }
    return forgotten;
}

void MqttClients::clear() {
    away_.clear();
    away_bytes_ = 0;
    by_id_.clear();
}

void MqttClients::for_each(const std::function<void(Entry&)>& visit) {
    for (const auto& [id, entry] : by_id_) visit(*entry);
}

}  // namespace rtbridge
