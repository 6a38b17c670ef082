#include "devices.h"

#include <algorithm>
#include <array>
#include <utility>

#include "access/glob.h"
#include "access/reader_pass.h"
#include "base/json_text.h"
#include "base/utf8.h"

namespace rtbridge {
namespace {

void append_escaped(std::string& out, char byte) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    const auto value = static_cast<unsigned char>(byte);
    out.push_back('%');
    out.push_back(digits[value >> 4U]);
    out.push_back(digits[value & 0x0fU]);
}

}  // namespace

std::string_view to_text(DeviceCause cause) {
    static constexpr std::array<std::string_view, 11> texts = {
        "login",    "connect", "subscribe", "publish", "disconnect", "keepalive",
        "takeover", "kicked",  "lost",      "error",   "unknown"};
    return texts.at(static_cast<std::size_t>(cause));
}

std::string device_topic(std::string_view client_id) {
    std::string topic(device_topic_prefix);
    while (!client_id.empty()) {
        const std::size_t bytes = std::max<std::size_t>(utf8_character_bytes(client_id), 1);
        const char first = client_id.front();
        const bool plain = utf8_character_bytes(client_id) > 0 &&
                           static_cast<unsigned char>(first) >= 0x20 && first != 0x7f &&
                           std::string_view("/+#%").find(first) == std::string_view::npos;
        if (plain) {
            topic.append(client_id.substr(0, bytes));
        } else {
            append_escaped(topic, first);
        }
        client_id.remove_prefix(plain ? bytes : 1);
    }
    return topic;
}

std::string device_body(const Device& device) {
    std::string body = R"({"client":)";
    append_json_string(body, device.client);
    body += R"(,"user":)";
    if (device.user.empty()) {
        body += "null";
    } else {
        append_json_string(body, device.user);
    }
    body.append(R"(,"online":)").append(device.online ? "true" : "false");
    body.append(R"(,"cause":")").append(to_text(device.cause));
    return body.append(R"(","at":)").append(std::to_string(device.at_unix_ms)).append("}");
}

void Devices::adopt(const std::vector<Placed<std::string>>& globs) {
    globs_.clear();
    for (const Placed<std::string>& glob : globs) globs_.push_back(glob.value);
    for (auto it = by_id_.begin(); it != by_id_.end();) {
        if (is_watched(it->first)) {
            ++it;
            continue;
        }
        if (!it->second.device.online) offline_.erase(it->second.offline);
        it = by_id_.erase(it);
    }
}

bool Devices::is_watched(std::string_view client_id) const {
    return !client_id.starts_with(reader_id_prefix) &&
           std::any_of(globs_.begin(), globs_.end(),
                       [&](const std::string& glob) { return glob_matches(glob, client_id); });
}

// Null: not watched.
Devices::Entry* Devices::find_or_add(const MqttClient& client) {
    if (const auto found = by_id_.find(client.id); found != by_id_.end()) return &found->second;
    if (!is_watched(client.id)) return nullptr;
    const bool full = by_id_.size() >= limits_.devices_max;
    if (full || client.id.size() > limits_.id_bytes_max) metrics_.hit(Limit::Devices);
    if (client.id.size() > limits_.id_bytes_max || (full && offline_.empty())) return nullptr;
    if (full) {
        by_id_.erase(offline_.front());
        offline_.pop_front();
    }
    Entry entry;
    entry.device.client = client.id;
    entry.offline = offline_.insert(offline_.end(), entry.device.client);
    return &by_id_.emplace(std::string(client.id), std::move(entry)).first->second;
}

void Devices::seen(const MqttClient& client, DeviceCause how) {
    if (!watching() || client.id.empty()) return;
    Entry* const entry = find_or_add(client);
    if (entry == nullptr) return;
    if (!entry->device.online) return come(*entry, client, how);
    if (entry->connection == client.connection) return;
    leave(*entry, DeviceCause::Takeover);
    come(*entry, client, how);
}

void Devices::come(Entry& entry, const MqttClient& client, DeviceCause how) {
    offline_.erase(entry.offline);
    entry.connection = client.connection;
    entry.device.user = client.user;
    change(entry, true, how);
}

void Devices::gone(const MqttClient& client, DeviceCause why) {
    const auto found = by_id_.find(client.id);
    if (found == by_id_.end()) return;
    // Of a takeover the connection that lost; the other one goes on.
    if (!found->second.device.online || found->second.connection != client.connection) return;
    leave(found->second, why);
}

void Devices::leave(Entry& entry, DeviceCause why) {
    entry.offline = offline_.insert(offline_.end(), entry.device.client);
    change(entry, false, why);
}

void Devices::change(Entry& entry, bool online, DeviceCause cause) {
    entry.device.online = online;
    entry.device.cause = cause;
    entry.device.at_unix_ms = clock_.unix_ms();
    changes_.push_back(entry.device);
}

void Devices::explain(std::string_view client_id, DeviceCause why) {
    const auto last = std::find_if(changes_.rbegin(), changes_.rend(), [&](const Device& device) {
        return device.client == client_id;
    });
    if (last == changes_.rend() || last->online || last->cause != DeviceCause::Unknown) return;
    last->cause = why;
    const auto found = by_id_.find(client_id);
    if (found != by_id_.end() && !found->second.device.online) found->second.device.cause = why;
}

std::vector<Device> Devices::take_changes() {
    return std::exchange(changes_, {});
}

const Device* Devices::find(std::string_view client_id) const {
    const auto found = by_id_.find(client_id);
    return found == by_id_.end() ? nullptr : &found->second.device;
}

}  // namespace rtbridge
