#pragma once

#include <string>

#include "base/thread_role.h"

namespace rtbridge {

// What rtbridge asks of the broker it runs in. The plugin implements it with the mosquitto API, the
// tests with a recording fake.
class Broker {
public:
    virtual ~Broker() = default;
    // Queues a publish for all subscribers; it passes no rules. False: the broker refused it.
    [[nodiscard]] virtual bool publish(const std::string& topic, const std::string& payload,
                                       int qos, bool retain) ON_BROKER_THREAD = 0;
    // Disconnects a client, and its will fires. Never out of a callback of that client.
    virtual void kick(const std::string& client_id) ON_BROKER_THREAD = 0;
    // The common name in the certificate that the broker verified of a connection, which it is just
    // asking about; empty where there is none. Thread: that of the broker's question.
    [[nodiscard]] virtual std::string certificate_name(const void* connection) = 0;
};

}  // namespace rtbridge
