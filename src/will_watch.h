#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/mqtt_clients.h"
#include "base/thread_role.h"
#include "handoff/metrics.h"

namespace rtbridge {

// What a client left to say when it is gone.
struct Will {
    std::string topic;
    std::string payload;
    bool retain = false;
    std::string client;
    std::string user;
};

// Finds wills among the questions of the broker, which shows plugins no message event for them. All
// that can be seen is that it asks whether a client may publish something and no publish follows:
//
//     a client that is gone        DISCONNECT, then the question, at once or (MQTT 5, delayed)
//     later a client that is taken over  the question, then DISCONNECT, in the same turn of its
//     loop the same since 2.1.3, always
//
// A publish that another plugin refuses in its message event looks like the question of the second
// kind until the client's DISCONNECT; it is no will where that was in order, or where logins are
// ours and nobody logged in under that client id. What remains is a client that is refused so and
// hangs up in the same turn, which takes TLS or a WebSocket to the broker.
//
// Fed with all that the broker says of its clients, in its order. Thread: broker.
class WillWatch {
public:
    struct Limits {
        // Clients of MQTT 5 that are gone and whose will may be delayed. Beyond, the will of who
        // left first is missed; counted by the limit "wills".
        std::size_t gone_max = 65'536;
    };
    // `metrics` outlives it.
    WillWatch(Limits limits, Metrics& metrics) : limits_(limits), metrics_(metrics) {}

    // `logins_ours`: on_login() comes for every client.
    void adopt(bool logins_ours) ON_BROKER_THREAD { logins_ours_ = logins_ours; }

    enum class Write : std::uint8_t { Publish, Will };
    // The client got leave to publish this. Will: it is one for certain, unless on_message()
    // follows.
    Write on_write(const MqttClient& client, std::string_view topic, std::string_view payload,
                   bool retain) ON_BROKER_THREAD;
    // It did not; whether it was a will.
    Write on_write_denied(const MqttClient& client) ON_BROKER_THREAD;
    void on_message(const void* connection) ON_BROKER_THREAD;
    void on_read() ON_BROKER_THREAD;  // asked whether somebody may receive
    void on_login(const MqttClient& client) ON_BROKER_THREAD;
    void on_subscribe(const MqttClient& client) ON_BROKER_THREAD;
    // `reason` as the broker has it: 0 in order, -1 it does not say. True: its will was found.
    bool on_disconnect(const MqttClient& client, int reason) ON_BROKER_THREAD;
    void on_turn() ON_BROKER_THREAD;  // of the broker's loop

    [[nodiscard]] bool any() const { return !found_.empty(); }
    [[nodiscard]] std::vector<Will> take();

private:
    struct Gone {
        const void* connection = nullptr;
        std::string id;
    };
    struct Asked {
        const void* connection = nullptr;
        bool certain = false;
        Will will;  // its memory is used again
    };

    void settle();
    [[nodiscard]] bool is_gone(const MqttClient& client) const;
    void remember(const MqttClient& client);
    void forget(const void* connection);

    const Limits limits_;
    Metrics& metrics_;
    bool logins_ours_ = false;
    bool asks_ = false;  // asked_ is of now
    Asked asked_;
    std::optional<Gone> just_gone_;  // the last event was its DISCONNECT
    std::string logged_in_;          // client id of the last login in this turn
    std::list<Gone> gone_;           // who left first comes first
    std::unordered_map<const void*, std::list<Gone>::iterator> gone_by_connection_;
    std::vector<Will> found_;
};

}  // namespace rtbridge
