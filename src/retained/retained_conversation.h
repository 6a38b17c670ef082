#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "handoff/retained_inbox.h"
#include "retained/mqtt_packets.h"

namespace rtbridge {

// What is said to a broker to get what it retained, without the socket: CONNECT, SUBSCRIBE for each
// hundred filters, then a PINGREQ, whose answer comes behind everything that was retained, because
// the broker keeps the order of what it sends.
//
// Of what comes only what has the retain flag counts: that is not live (MQTT 3.1.1, 3.3.1.3).
//
// Thread: one; pure.
class RetainedConversation {
public:
    struct Limits {
        std::size_t messages_max = 100'000;
        std::size_t bytes_max = 64 * MiB;         // topics and payloads together
        std::size_t message_bytes_max = 1 * MiB;  // topic and payload; a larger one is left out
    };
    enum class State : std::uint8_t { Talking, Over, Failed };

    RetainedConversation(const MqttLogin& login, std::vector<std::string> filters, Limits limits);

    // What the broker said.
    void take(std::string_view bytes);

    // What is to be said next; each of these two empties what it returns.
    [[nodiscard]] std::string take_output();
    [[nodiscard]] std::vector<RetainedMessage> take_messages();

    [[nodiscard]] State state() const { return state_; }
    // Why it failed, or what is missing although it did not; empty: nothing.
    [[nodiscard]] std::string problem() const;
    // The broker answered the CONNECT with a no.
    [[nodiscard]] bool refused() const { return refused_; }
    // Messages that a limit kept out; at least so many.
    [[nodiscard]] std::uint64_t left_out() const { return too_large_ + (full_ ? 1 : 0); }

private:
    void take_packet(const MqttPacketReader::Packet& packet);
    void take_connack(std::string_view body);
    void take_suback(std::string_view body);
    void take_publish(const MqttPacketReader::Packet& packet);
    void subscribe_next();
    void fail(std::string why);
    void end();

    const std::vector<std::string> filters_;
    const Limits limits_;
    MqttPacketReader reader_;
    std::string output_;
    std::vector<RetainedMessage> messages_;
    State state_ = State::Talking;
    bool connected_ = false;
    bool refused_ = false;
    std::size_t asked_ = 0;  // filters of which SUBSCRIBE was sent
    std::size_t asked_before_ = 0;
    std::uint16_t packet_id_ = 0;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    std::uint64_t too_large_ = 0;
    bool full_ = false;
    std::size_t filters_refused_ = 0;
    std::string first_refused_;
    std::string why_;
};

}  // namespace rtbridge
