#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/identity.h"
#include "access/policy.h"

namespace rtbridge {

// What the broker says of an MQTT client. Views, valid during a call.
struct MqttClient {
    // Tells the connections of a takeover apart; never dereferenced and never the only key, since
    // the broker uses it again.
    const void* connection = nullptr;
    std::string_view id{};
    std::string_view user{};     // empty: none
    std::string_view address{};  // empty: none (bridges, or the socket is gone)
    bool mqtt5 = false;          // may have its will delayed
    bool subscribed = false;     // has subscriptions; a connection that is just made has none
};

// One connection of an MQTT client, and who it is.
struct MqttConnection {
    enum class Proof : std::uint8_t {
        Broker,  // by the broker's own means: whatever user name it reports
        Ours,    // by a login of ours
    };
    const void* connection = nullptr;
    std::string user;     // as the broker reports it
    std::string address;  // likewise, while there was a socket
    std::shared_ptr<const Identity> identity;
    std::shared_ptr<const Grants> grants;               // null: to be made
    std::array<std::uint8_t, 32> credentials_digest{};  // of the accepted login
    std::uint64_t password_record = 0;                  // likewise, as MqttProof has it
    Proof proof = Proof::Broker;
    bool online = true;
};

// The MQTT clients that were seen, by client id. A client outlives its connection here: its will
// fires after the broker reported it gone, and a durable client receives into its queue while it is
// away. Bounded: of those that are away the ones that left first are forgotten, by their number and
// by the bytes of what they chose themselves (a client id may have 64 KiB).
//
// Thread: one at a time; the owner locks.
class MqttClients {
public:
    struct Entry {
        std::string id;
        MqttConnection current;
        // The one that `current` took over from: its will is still to be checked.
        std::optional<MqttConnection> previous;

    private:
        friend class MqttClients;
        std::list<Entry*>::iterator away_;  // position in away_; valid while current is offline
        std::size_t away_bytes_ = 0;        // what it counts for there
    };

    MqttClients(std::size_t away_max, std::size_t away_bytes_max)
        : away_max_(away_max), away_bytes_max_(away_bytes_max) {}

    [[nodiscard]] Entry* find(std::string_view id);
    // A connection of client `id`: a new one, and what it had before becomes its previous one, or
    // the same one again, with what is known of it now.
    Entry& connect(std::string_view id, MqttConnection connection);
    void disconnect(std::string_view id, const void* connection);
    // Those that are away beyond the bounds. Returns how many; no reference to one stays valid.
    std::size_t forget_surplus();

    void clear();

    [[nodiscard]] std::size_t size() const { return by_id_.size(); }
    // REQUIRES: `visit` does not add or remove clients.
    void for_each(const std::function<void(Entry&)>& visit);

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>()(text);
        }
    };
    void leave(Entry& entry);
    void come_back(Entry& entry);

    const std::size_t away_max_;
    const std::size_t away_bytes_max_;
    std::unordered_map<std::string, std::unique_ptr<Entry>, TextHash, std::equal_to<>> by_id_;
    std::list<Entry*> away_;  // offline, who left first comes first
    std::size_t away_bytes_ = 0;
};

}  // namespace rtbridge
