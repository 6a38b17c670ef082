#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/admission.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "handoff/session_record.h"
#include "handoff/shared_connections.h"
#include "listener/timer_wheel.h"
#include "transport/broker_link.h"
#include "transport/conversation.h"

namespace rtbridge {

struct ListenerState;

// MQTT over WebSocket (MQTT 5, 6.0): the bytes in binary frames go to the broker's MQTT listener
// and back, whatever they are. Nothing of MQTT is read here; a packet may span frames and a frame
// may hold many packets, so there is no limit to a message. Who the browser is was found out
// before, as for every session; who its MQTT client is, the broker finds out.
//
//     browser ─▶ on_message ─▶ BrokerLink ─▶ broker     full: the browser is not read
//     browser ◀─ WebSocket ◀─ on_broker_bytes ◀─ broker  not ready: the broker is not read
//
// Thread: listener. Owned by its connection, which `socket` is.
class MqttTunnel final : public Conversation, public TimerWheel::Entry, private BrokerLink::User {
public:
    // What may wait for the broker before the browser has to wait; what a read brings comes on top.
    static constexpr std::size_t buffer_bytes = 64 * KiB;

    MqttTunnel(ListenerState& state, WebSocket& socket, RequestFacts facts);
    ~MqttTunnel() override;

    [[nodiscard]] std::optional<Refusal> refuse(const SessionAccess& access) override
        ON_LISTENER_THREAD;
    void begin(SessionAccessPtr access) override ON_LISTENER_THREAD;
    void on_message(std::string_view bytes, Message kind) override ON_LISTENER_THREAD;
    [[nodiscard]] bool streams() const override { return true; }
    [[nodiscard]] MessageLimit message_limit() const override;
    void on_life() override ON_LISTENER_THREAD;
    void on_writable() override ON_LISTENER_THREAD;
    void on_peer_close() override ON_LISTENER_THREAD;
    void on_closed() override ON_LISTENER_THREAD;
    void recheck_access() override ON_LISTENER_THREAD;
    void close(CloseCode code, std::string_view reason) override ON_LISTENER_THREAD;
    [[nodiscard]] std::string_view transport() const override { return "mqtt"; }

    // Ends what is dead, stuck or expired, and pings.
    void check(SteadyTime now) ON_LISTENER_THREAD;

private:
    void on_connected() override ON_LISTENER_THREAD;
    [[nodiscard]] bool takes_bytes() override ON_LISTENER_THREAD;
    void on_broker_bytes(std::string_view bytes) override ON_LISTENER_THREAD;
    void on_sent() override ON_LISTENER_THREAD;
    void on_broker_closed(std::string_view why) override ON_LISTENER_THREAD;

    void connect() ON_LISTENER_THREAD;
    void fail(std::string_view why) ON_LISTENER_THREAD;
    void let_go_of_broker() ON_LISTENER_THREAD;
    void pause() ON_LISTENER_THREAD;
    void resume() ON_LISTENER_THREAD;
    [[nodiscard]] std::size_t waiting_bytes() const;
    void check_liveness(SteadyTime now) ON_LISTENER_THREAD;
    void schedule_check() ON_LISTENER_THREAD;

    ListenerState& state_;
    WebSocket& socket_;
    std::shared_ptr<const RequestFacts> facts_;
    BindAddress to_;
    SessionAccessPtr access_;  // null before begin()
    SessionRecordPtr record_;  // likewise
    std::unique_ptr<BrokerLink> link_;
    SharedConnections::TunnelSockets sockets_;  // of link_
    std::string early_;                         // came before begin()
    SteadyTime began_;
    SteadyTime last_life_;
    std::optional<SteadyTime> pinged_at_;
    std::optional<SteadyTime> paused_since_;  // the browser waits; since the broker last took some
    bool broker_closed_ = false;
    bool closing_ = false;
};

}  // namespace rtbridge
