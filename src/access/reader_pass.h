#pragma once

#include <string>
#include <string_view>

#include "access/mqtt_clients.h"
#include "access/mqtt_request.h"

namespace rtbridge {

// Client ids of our own begin like this.
inline constexpr std::string_view reader_id_prefix = "rtbridge-reader-";

// Lets in the one MQTT client that is rtbridge itself, reading what the broker retained: by a
// random client id and password, from this machine, one connection, to subscribe and receive and
// nothing else, until it is withdrawn. Nobody else gets in under that id, whatever they know.
//
// Thread: one at a time; the owner locks.
class ReaderPass {
public:
    // A new one; what was valid before is not any more. False: no randomness to be had.
    [[nodiscard]] bool issue();
    void withdraw();

    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] const std::string& password() const { return password_; }

    // Whether `client` goes by its id: it decides about that client, and nobody else does.
    [[nodiscard]] bool concerns(const MqttClient& client) const {
        return !id_.empty() && client.id == id_;
    }
    // REQUIRES: concerns(client).
    [[nodiscard]] bool login(const MqttClient& client, std::string_view password);
    // `logged_in`: logins are ours, so only a connection that login() let in is the reader's.
    [[nodiscard]] bool allows(const MqttClient& client, MqttRequest request, bool logged_in);

private:
    std::string id_;  // empty: nobody reads
    std::string password_;
    const void* connection_ = nullptr;  // that it came by
};

}  // namespace rtbridge
