#pragma once

#include "base/log.h"
#include "broker.h"

namespace rtbridge {

// The broker that loaded us. Thread: broker, like every mosquitto_* call.
class HostBroker final : public Broker {
public:
    [[nodiscard]] bool publish(const std::string& topic, const std::string& payload, int qos,
                               bool retain) override ON_BROKER_THREAD;
    void kick(const std::string& client_id) override ON_BROKER_THREAD;
    [[nodiscard]] std::string certificate_name(const void* connection) override;
};

// Broker thread only: with `log_dest topic` a log line is a publish into the broker's database.
class HostLog final : public LogSink {
public:
    void write(LogLevel level, std::string_view line) override;
};

}  // namespace rtbridge
