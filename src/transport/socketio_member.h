#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transport/socketio_app.h"
#include "transport/socketio_packet.h"

namespace rtbridge {

class SocketIoConnection;

// A client in one namespace, from CONNECT until it leaves.
//
// Thread: listener. Owned by its connection.
class SocketIoMember final : public SocketIoSocket, private SessionOutput {
public:
    SocketIoMember(SocketIoConnection& connection, std::string_view name_space);

    [[nodiscard]] const std::string& name_space() const { return name_space_; }
    [[nodiscard]] bool wants_writable() const { return wants_writable_; }
    [[nodiscard]] bool accepted() const { return state_ == State::Accepted; }
    void begin(std::unique_ptr<SocketIoHandler> handler, std::string_view auth) ON_LISTENER_THREAD;
    void on_event(const SocketIoPacket& packet,
                  std::vector<std::string> attachments) ON_LISTENER_THREAD;
    void on_life() ON_LISTENER_THREAD;
    void on_writable() ON_LISTENER_THREAD;
    void recheck_access() ON_LISTENER_THREAD;
    // Nothing is sent any more.
    void leave() { state_ = State::Left; }
    void tell_handler(std::string_view reason) ON_LISTENER_THREAD;

    // SocketIoSocket
    [[nodiscard]] const std::string& id() const override { return id_; }
    [[nodiscard]] const HttpRequest& handshake() const override;
    void accept() override ON_LISTENER_THREAD;
    void refuse(std::string_view message, std::string_view data) override ON_LISTENER_THREAD;
    void emit(std::string_view event, std::string_view arguments) override ON_LISTENER_THREAD;
    void emit(std::string_view event, std::string_view arguments,
              const std::vector<std::string>& attachments) override ON_LISTENER_THREAD;
    void acknowledge(std::uint64_t id, std::string_view arguments,
                     const std::vector<std::string>& attachments) override ON_LISTENER_THREAD;
    void disconnect() override ON_LISTENER_THREAD;
    void close(CloseCode code, std::string_view reason) override ON_LISTENER_THREAD;
    [[nodiscard]] SessionOutput& output() override { return *this; }

private:
    // SessionOutput
    [[nodiscard]] bool ready() const override;
    [[nodiscard]] Written write(std::string_view frames) override;
    void request_writable() override;
    void ping() override {}
    [[nodiscard]] Liveness liveness() const override { return Liveness::Elsewhere; }
    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const override;
    [[nodiscard]] std::string_view transport() const override { return "socket.io"; }

    SocketIoConnection& connection_;
    const std::string name_space_;
    const std::string id_;
    std::unique_ptr<SocketIoHandler> handler_;
    std::deque<std::uint64_t> unanswered_;  // ack ids that the client waits for
    enum class State : std::uint8_t { Asked, Accepted, Left };
    State state_ = State::Asked;
    bool wants_writable_ = false;
};

}  // namespace rtbridge
