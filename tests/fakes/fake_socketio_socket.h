#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fakes/fake_output.h"
#include "transport/socketio_app.h"

namespace rtbridge {

// An update as "<event> <body>\n".
class EventLineShape final : public WireShape {
public:
    [[nodiscard]] FramePtr encode(const Update& update, Delivery /*delivery*/) const override {
        return std::make_shared<const std::string>(update.event + " " +
                                                   update.body(Payloads::SocketIoBody) + "\n");
    }
    [[nodiscard]] Payloads payloads() const override { return Payloads::SocketIoBody; }
};

// A client of Socket.IO as the application sees it: everything that it gets, one line each, in the
// order in which it was sent: "accepted", "refused <message> <data>", "<event> <arguments>",
// "ack <id> <arguments>", "disconnect", "close <code> <reason>".
class FakeSocketIoSocket final : public SocketIoSocket {
public:
    explicit FakeSocketIoSocket(std::string id = "sid-1") : id_(std::move(id)) {
        handshake_.facts = {"127.0.0.1", "localhost", std::nullopt, false};
        handshake_.facts.client_address = "127.0.0.1";
    }

    [[nodiscard]] const std::string& id() const override { return id_; }
    [[nodiscard]] const HttpRequest& handshake() const override { return handshake_; }
    void accept() override {
        output_.lines += "accepted\n";
        accepted = true;
    }
    void refuse(std::string_view message, std::string_view data) override {
        output_.lines.append("refused ").append(message).append(" ").append(data) += '\n';
    }
    void emit(std::string_view event, std::string_view arguments) override {
        output_.lines.append(event).append(" ").append(arguments) += '\n';
    }
    void emit(std::string_view event, std::string_view arguments,
              const std::vector<std::string>& /*attachments*/) override {
        assert_on_listener_thread();
        emit(event, arguments);
    }
    void acknowledge(std::uint64_t id, std::string_view arguments,
                     const std::vector<std::string>& /*attachments*/) override {
        output_.lines.append("ack ").append(std::to_string(id)).append(" ").append(arguments) +=
            '\n';
    }
    void disconnect() override { output_.lines += "disconnect\n"; }
    void close(CloseCode code, std::string_view reason) override {
        output_.lines.append("close ")
            .append(std::to_string(static_cast<int>(code)))
            .append(" ")
            .append(reason) += '\n';
    }
    [[nodiscard]] SessionOutput& output() override { return output_; }

    // What came since the last call.
    [[nodiscard]] std::string take() { return std::exchange(output_.lines, {}); }

    HttpRequest& its_handshake() { return handshake_; }
    bool accepted = false;

private:
    class Output final : public SessionOutput {
    public:
        [[nodiscard]] bool ready() const override { return true; }
        [[nodiscard]] Written write(std::string_view frames) override {
            lines += frames;
            return Written::Yes;
        }
        void request_writable() override {}
        void ping() override { lines += "ping\n"; }
        void close(CloseCode /*code*/, std::string_view /*reason*/) override {
            lines += "closed past the client\n";
        }
        [[nodiscard]] const WireShape& shape(std::uint32_t /*subscription*/) const override {
            static const EventLineShape shape;
            return shape;
        }
        [[nodiscard]] std::string_view transport() const override { return "socket.io"; }
        std::string lines;
    };

    std::string id_;
    HttpRequest handshake_;
    Output output_;
};

}  // namespace rtbridge
