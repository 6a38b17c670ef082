#include "transport/socketio_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "transport/engineio_fixture.h"
#include "transport/socketio_server.h"
#include "transport/socketio_shape.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// Lets everyone into "/" and "/custom", later into "/later", never into "/locked".
class App final : public SocketIoApp {
public:
    class Handler final : public SocketIoHandler {
    public:
        Handler(App& app, SocketIoSocket& socket, std::string name)
            : app_(app), socket_(socket), name_(std::move(name)) {
            app_.sockets[name_] = &socket;
        }
        void on_connect(std::string_view auth) override {
            assert_on_listener_thread();
            app_.tell(name_ + " connect " + std::string(auth));
            if (name_ == "/locked") return socket_.refuse("no", R"({"code":7})");
            if (name_ == "/later") return;
            socket_.accept();
            if (name_ == "/custom") socket_.emit("welcome", "1,2");
        }
        void on_event(const SocketIoEvent& event) override {
            assert_on_listener_thread();
            std::string arguments;
            for (const std::string_view argument : event.arguments) {
                if (!arguments.empty()) arguments += ',';
                arguments += argument;
            }
            app_.tell(name_ + " event " + std::string(event.name) + " " + arguments);
            if (event.name == "leave") return socket_.disconnect();
            if (event.name == "close") return socket_.close(CloseCode::Forbidden, "go away");
            if (event.ack_id) {
                socket_.acknowledge(*event.ack_id, arguments, event.attachments);
                socket_.acknowledge(*event.ack_id, "\"again\"", {});
            } else {
                socket_.emit("back", arguments, event.attachments);
            }
        }
        void on_life() override { ++app_.lives; }
        void on_writable() override { app_.tell(name_ + " writable"); }
        void on_disconnect(std::string_view reason) override {
            app_.tell(name_ + " gone " + std::string(reason));
            app_.sockets.erase(name_);
        }

    private:
        App& app_;
        SocketIoSocket& socket_;
        std::string name_;
    };
    std::unique_ptr<SocketIoHandler> connect(std::string_view name_space,
                                             SocketIoSocket& socket) override {
        const bool known = name_space == "/" || name_space == "/custom" || name_space == "/later" ||
                           name_space == "/locked" || name_space.starts_with("/room");
        if (!known) return nullptr;
        return std::make_unique<Handler>(*this, socket, std::string(name_space));
    }
    void tell(std::string what) { told.push_back(std::move(what)); }
    [[nodiscard]] std::vector<std::string> take() { return std::exchange(told, {}); }

    std::vector<std::string> told;
    std::map<std::string, SocketIoSocket*> sockets;
    int lives = 0;
};

class SocketIo : public EngineIoTest {
protected:
    static SocketIoConfig config() {
        SocketIoConfig config;
        config.connect_timeout = 1s;
        return config;
    }
    EngineIoServer& server() override { return server_.engine(); }
    [[nodiscard]] std::unique_ptr<Socket> connected() {
        auto socket = connect();
        socket->send("40");
        socket->wire.take();
        (void)app.take();
        return socket;
    }

    App app;
    LimitsConfig limits;
    SocketIoServer server_{{app, metrics, clock, connections}, config(), limits};
};

TEST_F(SocketIo, ConnectsToNamespaces) {
    auto socket = connect();
    const std::string open = socket->wire.take();
    socket->send(R"(40{"token":"123"})");
    const std::string sid = app.sockets.at("/")->id();
    EXPECT_EQ(socket->wire.take(), "40{\"sid\":\"" + sid + "\"}");
    EXPECT_NE(sid, sid_in(open));

    socket->send("40/custom,");
    EXPECT_EQ(socket->wire.take(), "40/custom,{\"sid\":\"" + app.sockets.at("/custom")->id() +
                                       "\"}|42/custom,[\"welcome\",1,2]");
    EXPECT_THAT(app.take(), ElementsAre(R"(/ connect {"token":"123"})", "/custom connect "));
    EXPECT_NE(app.sockets.at("/custom")->id(), sid);
}

TEST_F(SocketIo, RefusesNamespacesAndStaysOpen) {
    auto socket = connect();
    socket->wire.take();
    socket->send("40/x");
    EXPECT_EQ(socket->wire.take(), R"(44/x,{"message":"Invalid namespace"})");
    socket->send("40/locked,{}");
    EXPECT_EQ(socket->wire.take(), R"(44/locked,{"message":"no","data":{"code":7}})");
    turn();
    EXPECT_THAT(app.take(),
                ElementsAre("/locked connect {}", "/locked gone server namespace disconnect"));
    socket->send("40/locked,");  // once more
    EXPECT_EQ(socket->wire.take(), R"(44/locked,{"message":"no","data":{"code":7}})");
    socket->send("40");
    EXPECT_FALSE(socket->wire.closed_with);
    EXPECT_EQ(socket->wire.take().substr(0, 2), "40");
}

TEST_F(SocketIo, AcceptsLater) {
    assert_on_listener_thread();
    auto socket = connect();
    socket->wire.take();
    socket->send("40/later");
    EXPECT_EQ(socket->wire.take(), "");
    app.sockets.at("/later")->emit("early", "");
    EXPECT_EQ(socket->wire.take(), "");
    app.sockets.at("/later")->accept();
    app.sockets.at("/later")->accept();
    app.sockets.at("/later")->refuse("no", "");
    EXPECT_EQ(socket->wire.take(), "40/later,{\"sid\":\"" + app.sockets.at("/later")->id() + "\"}");
    socket->send(R"(42/later,["a"])");
    EXPECT_EQ(socket->wire.take(), R"(42/later,["back"])");

    auto hasty = connect();
    hasty->send("40/later");
    hasty->send(R"(42/later,["a"])");
    EXPECT_TRUE(hasty->wire.closed_with);
}

TEST_F(SocketIo, ClosesOnWhatNoClientMaySend) {
    const std::vector<std::vector<std::string>> cases = {
        {"42[\"a\"]"},
        {"41"},
        {"431[]"},
        {"4abc"},
        {"4"},
        {"44{}"},
        {"40[]"},
        {"40", "40"},
        {"40/custom,", "40/custom,"},
        {"40", "42{}"},
        {"40", "42[]"},
        {"40", "42"},
        {"40", "42[\"connect\"]"},
        {"40", "42/custom,[\"a\"]"},
        {"40", "41", "42[\"a\"]"},
        {"40", "41", "41"},
        {"40", "411"},
        {"40", "43[]"},
        {"40", "45[\"a\"]"},
        {"40", "450-[\"a\"]"},
        {"40", "4511-[\"a\"]"},
        {"40", "44{}"},
        {"40", "451-[\"a\",{\"_placeholder\":true,\"num\":1}]"},
        {"40", "451-[\"a\",{\"_placeholder\":true,\"num\":0}]", "42[\"a\"]"},
        {"40", "451-[\"a\"]", "40/custom,"},
        {"40/x", "42/x,[\"a\"]"},
        {"40/locked", "42/locked,[\"a\"]"},
        {
            "40",
            "42[\"a\"",
        },
        {"40", "42[\"a\"]\x1e"},
    };
    for (const auto& messages : cases) {
        auto socket = connect();
        for (const std::string& message : messages) {
            EXPECT_FALSE(socket->wire.closed_with) << message;
            socket->send(message);
        }
        EXPECT_EQ(socket->wire.closed_with, CloseCode::ProtocolError) << messages.back();
    }
    auto socket = connected();
    socket->send_binary("abc");
    EXPECT_TRUE(socket->wire.closed_with);
    turn();
    EXPECT_TRUE(app.sockets.empty());
}

TEST_F(SocketIo, ClosesWhoDoesNotConnect) {
    auto silent = connect();
    auto refused = connect();
    refused->send("40/x");
    auto good = connected();
    pass(999ms);
    EXPECT_FALSE(silent->wire.closed_with);
    pass(1ms);
    EXPECT_EQ(silent->wire.closed_with, CloseCode::NoHello);
    EXPECT_EQ(refused->wire.closed_with, CloseCode::NoHello);
    EXPECT_FALSE(good->wire.closed_with);
    EXPECT_EQ(hits(Limit::SocketIoConnect), 2U);
}

TEST_F(SocketIo, GivesWhoWasRefusedTheSameTimeAgain) {
    assert_on_listener_thread();
    auto socket = connect();
    socket->send("40/later");
    pass(1'500ms);
    EXPECT_FALSE(socket->wire.closed_with);  // the application takes its time
    app.sockets.at("/later")->refuse("no", "");
    pass(999ms);
    EXPECT_FALSE(socket->wire.closed_with);
    pass(1ms);
    EXPECT_TRUE(socket->wire.closed_with);
}

TEST_F(SocketIo, CarriesEvents) {
    auto socket = connected();
    socket->send(R"(42["message",1,"2",{ "3": [true] }])");
    EXPECT_EQ(socket->wire.take(), R"(42["back",1,"2",{ "3": [true] }])");
    socket->send(R"(42[7])");
    EXPECT_EQ(socket->wire.take(), R"(42["back"])");
    EXPECT_THAT(app.take(), ElementsAre(R"(/ event message 1,"2",{ "3": [true] })", "/ event 7 "));
}

TEST_F(SocketIo, AcknowledgesOnce) {
    auto socket = connected();
    socket->send(R"(42007["message",1])");
    EXPECT_EQ(socket->wire.take(), "437[1]");
    socket->send("431[]");  // nobody asked
    EXPECT_EQ(socket->wire.take(), "");
    EXPECT_FALSE(socket->wire.closed_with);
}

TEST_F(SocketIo, CarriesAttachments) {
    auto socket = connected();
    const std::string arguments = R"({"_placeholder":true,"num":0},{"_placeholder":true,"num":1})";
    socket->send("452-[\"message\"," + arguments + "]");
    socket->send_binary("\x01\x02");
    EXPECT_EQ(socket->wire.take(), "");
    EXPECT_TRUE(app.take().empty());
    socket->send_binary("");
    EXPECT_EQ(socket->wire.take(), "452-[\"back\"," + arguments + "]|b:\x01\x02|b:");

    socket->send(R"(451-789["message",{"_placeholder":true,"num":0}])");
    socket->send_binary("xyz");
    EXPECT_EQ(socket->wire.take(), R"(461-789[{"_placeholder":true,"num":0}]|b:xyz)");

    const std::string sid = open_polling();
    EXPECT_EQ(post(sid, "40").status, 200);
    EXPECT_EQ(poll(sid)->body().substr(0, 2), "40");
    EXPECT_EQ(post(sid,
                   "451-[\"a\",{\"_placeholder\":true,\"num\":0}]\x1e"
                   "bAQID")
                  .status,
              200);
    EXPECT_EQ(poll(sid)->body(),
              "451-[\"back\",{\"_placeholder\":true,\"num\":0}]\x1e"
              "bAQID");
}

TEST_F(SocketIo, BoundsAPacketWithItsAttachments) {
    const std::string half(config().max_payload_bytes / 2, 'x');
    const std::string packet = R"(53-["message",{"_placeholder":true,"num":0}])";
    auto socket = connected();
    socket->send("4" + packet);
    socket->send_binary(half);
    socket->send_binary(half.substr(packet.size()));
    socket->send_binary("");
    EXPECT_EQ(app.take().size(), 1U);
    EXPECT_FALSE(socket->wire.closed_with);

    socket->send("4" + packet);
    socket->send_binary(half);
    socket->send_binary(half.substr(packet.size() - 1));
    EXPECT_EQ(socket->wire.closed_with, CloseCode::MessageTooBig);
    EXPECT_EQ(socket->wire.close_reason, "limit=socketio.max_payload max=1000000 got=1000001");
    EXPECT_EQ(hits(Limit::SocketIoPayload), 1U);
    EXPECT_TRUE(app.take().empty());
}

TEST_F(SocketIo, LetsNothingBetweenAPacketAndItsAttachments) {
    assert_on_listener_thread();
    auto socket = connected();
    socket->wire.stalled = true;
    app.sockets.at("/")->emit("a", "{\"_placeholder\":true,\"num\":0}", {"bytes"});
    app.sockets.at("/")->emit("b", "");
    EXPECT_FALSE(app.sockets.at("/")->output().ready());  // updates wait behind
    socket->let_read();
    EXPECT_EQ(socket->wire.take(),
              "451-[\"a\",{\"_placeholder\":true,\"num\":0}]|b:bytes|42[\"b\"]");
}

TEST_F(SocketIo, LeavesNamespacesAndStaysOpen) {
    auto socket = connected();
    socket->send("40/custom,");
    socket->wire.take();
    socket->send("41/custom");
    EXPECT_EQ(socket->wire.take(), "");
    EXPECT_THAT(app.take(),
                ElementsAre("/custom connect ", "/custom gone client namespace disconnect"));
    socket->send("41");
    EXPECT_TRUE(app.sockets.empty());
    pass(2s);
    EXPECT_FALSE(socket->wire.closed_with);
    socket->send("40/custom,");
    EXPECT_EQ(socket->wire.take().substr(0, 9), "40/custom");
}

TEST_F(SocketIo, EndsANamespaceOfTheClient) {
    auto socket = connected();
    socket->send("42[\"leave\"]");
    EXPECT_EQ(socket->wire.take(), "41");
    // It could not know yet.
    socket->send("42[\"late\"]");
    socket->send("451-[\"late\"]");
    socket->send_binary("x");
    socket->send("41");
    EXPECT_FALSE(socket->wire.closed_with);
    turn();
    EXPECT_THAT(app.take(), ElementsAre("/ event leave ", "/ gone server namespace disconnect"));
    socket->send("40");
    EXPECT_EQ(socket->wire.take().substr(0, 2), "40");
    socket->send("41");
    socket->send("42[\"a\"]");
    EXPECT_TRUE(socket->wire.closed_with);
}

TEST_F(SocketIo, EndsTheConnection) {
    auto socket = connected();
    socket->send("40/custom,");
    (void)app.take();
    socket->send("42[\"close\"]");
    EXPECT_EQ(socket->wire.closed_with, CloseCode::Forbidden);
    EXPECT_EQ(app.sockets.size(), 2U);  // they hear of it at the next turn
    turn();
    EXPECT_THAT(app.take(),
                ElementsAre("/ event close ", "/ gone go away", "/custom gone go away"));
}

TEST_F(SocketIo, BoundsNamespacesAndRequests) {
    auto socket = connect();
    for (std::size_t i = 0; i < SocketIoConnection::namespaces_max; ++i) {
        socket->send("40/room" + std::to_string(i) + ",");
    }
    socket->wire.take();
    socket->send("40/room,");
    EXPECT_EQ(socket->wire.take(), R"(44/room,{"message":"Too many namespaces"})");
    for (int i = 0; i < 400; ++i) socket->send("42/room1,[\"a\"]");
    EXPECT_EQ(socket->wire.closed_with, CloseCode::RateLimited);
    EXPECT_EQ(hits(Limit::RequestsPerSecond), 1U);
}

TEST_F(SocketIo, WritesUpdatesOfASession) {
    assert_on_listener_thread();
    Update update;
    update.payload = R"({"a":1})";
    const FramePtr plain = socketio_shape().encode(update, Delivery::Live);
    EXPECT_EQ(frame_payload(*plain), R"(42["message",{"a":1}])");
    update.event = "sensor:data";
    update.socketio_body = "[7]";
    const FramePtr shaped = socketio_shape().encode(update, Delivery::Live);
    EXPECT_EQ(frame_payload(*shaped), R"(42["sensor:data",[7]])");

    auto socket = connected();
    SessionOutput& output = app.sockets.at("/")->output();
    EXPECT_EQ(&output.shape(1), &socketio_shape());
    EXPECT_TRUE(output.ready());
    (void)output.write(*plain + *shaped);
    EXPECT_EQ(socket->wire.take(), R"(42["message",{"a":1}]|42["sensor:data",[7]])");

    socket->wire.stalled = true;
    EXPECT_FALSE(output.ready());
    output.request_writable();
    socket->let_read();
    EXPECT_THAT(app.take(), ElementsAre("/ writable"));
}

TEST_F(SocketIo, WritesUpdatesByPolling) {
    assert_on_listener_thread();
    const std::string sid = open_polling();
    EXPECT_EQ(post(sid, "40").status, 200);
    (void)poll(sid);
    (void)app.take();
    SessionOutput& output = app.sockets.at("/")->output();
    EXPECT_FALSE(output.ready());
    output.request_writable();
    const auto waiting = poll(sid);
    EXPECT_THAT(app.take(), ElementsAre("/ writable"));
    EXPECT_TRUE(output.ready());
    (void)output.write(websocket_frame(Opcode::Text, "42[1]") +
                       websocket_frame(Opcode::Text, "42[2]"));
    EXPECT_EQ(waiting->body(),
              "42[1]\x1e"
              "42[2]");
    EXPECT_FALSE(output.ready());

    // An event overtakes updates.
    app.sockets.at("/")->emit("event", "");
    EXPECT_EQ(poll(sid)->body(), "42[\"event\"]");
}

TEST_F(SocketIo, TakesAnyPacketForASignOfLife) {
    auto socket = connected();
    app.lives = 0;
    socket->send("3");
    socket->send("42[\"a\"]");
    EXPECT_EQ(app.lives, 2);
}

}  // namespace
}  // namespace rtbridge
