#include "transport/engineio_socket_relay.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "transport/engineio_relayed.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

// The session is here, and the WebSocket comes in there.
class EngineIoSocketRelayed : public EngineIoRelayed {
protected:
    std::unique_ptr<Socket> connect_there(const std::string& sid) {
        auto socket = connect_at(*there, sid);
        run_errands();
        return socket;
    }
    std::unique_ptr<Socket> upgraded(const std::string& sid) {
        auto socket = connect_there(sid);
        socket->send("2probe");
        run_errands();
        EXPECT_EQ(socket->wire.take(), "3probe");
        socket->send("5");
        run_errands();
        return socket;
    }
    [[nodiscard]] std::optional<HttpReply> refuse_there(const std::string& sid) {
        assert_on_listener_thread();
        return there->refuse_upgrade(
            request_of(HttpMethod::Get, "EIO=4&transport=websocket&sid=" + sid));
    }
};

TEST_F(EngineIoSocketRelayed, TakesASessionOver) {
    const std::string sid = open_polling();
    EXPECT_EQ(post(sid, "4before").body, "ok");
    ASSERT_FALSE(refuse_there(sid));
    const auto socket = upgraded(sid);
    EXPECT_EQ(poll(sid)->status(), 400);

    socket->send("4hello");
    socket->send_binary("bytes");
    run_errands();
    EXPECT_EQ(socket->wire.take(), "4before|4hello|b:bytes");
}

TEST_F(EngineIoSocketRelayed, EndsWhenItsSessionHas) {
    assert_on_listener_thread();
    const auto socket = upgraded(open_polling());
    there->close_all(CloseCode::Shutdown, "shutdown");
    EXPECT_FALSE(there->all_closed());

    here->close_all(CloseCode::Shutdown, "shutdown");
    run_errands();
    EXPECT_EQ(socket->wire.closed_with, CloseCode::Shutdown);
    EXPECT_FALSE(there->all_closed());
    socket->hang_up();
    EXPECT_TRUE(there->all_closed());
    run_errands();
    here->check(clock.now());
    EXPECT_TRUE(here->all_closed());
}

TEST_F(EngineIoSocketRelayed, RefusesWhatNobodyMayHave) {
    const std::string sid = open_polling();
    EXPECT_EQ(refuse_there("_")->status, 400) << "no such listener";
    EXPECT_EQ(refuse_there("")->status, 400);

    // Nobody there can tell before the session's listener has been asked.
    const std::string wrong = (sid.front() == 'x' ? "y" : "x") + sid.substr(1);
    ASSERT_FALSE(refuse_there(wrong));
    EXPECT_EQ(connect_there(wrong)->wire.closed_with, CloseCode::ProtocolError);

    const auto first = connect_there(sid);
    EXPECT_EQ(connect_there(sid)->wire.closed_with, CloseCode::ProtocolError) << "one at a time";
    EXPECT_FALSE(first->wire.closed_with);

    here->leave_others();
    EXPECT_EQ(refuse_there(sid)->status, 400);
    EXPECT_EQ(connect_there(sid)->wire.closed_with, CloseCode::ProtocolError);
}

TEST_F(EngineIoSocketRelayed, GoesOnPollingAfterAWrongProbe) {
    const std::string sid = open_polling();
    const auto socket = connect_there(sid);
    socket->send("4hello");
    run_errands();
    EXPECT_EQ(socket->wire.closed_with, CloseCode::ProtocolError);
    socket->hang_up();
    run_errands();
    EXPECT_EQ(post(sid, "4hello").body, "ok");
    EXPECT_EQ(poll(sid)->body(), "4hello");
}

TEST_F(EngineIoSocketRelayed, EndsWithItsSession) {
    const std::string sid = open_polling();
    const auto socket = upgraded(sid);
    socket->send("4end");
    run_errands();
    EXPECT_EQ(socket->wire.take(), "4end") << "what was written before goes out";
    EXPECT_EQ(socket->wire.closed_with, CloseCode::Forbidden);
    EXPECT_EQ(socket->wire.close_reason, "asked for");
    socket->hang_up();
    run_errands();
    turn();
    EXPECT_EQ(here->size(), 0U);
    assert_on_listener_thread();
    here->close_all(CloseCode::Shutdown, "");
    turn();
    EXPECT_TRUE(here->all_closed());
}

TEST_F(EngineIoSocketRelayed, EndsItsSession) {
    for (const bool by_reload : {false, true}) {
        const std::string sid = open_polling();
        const auto socket = upgraded(sid);
        assert_on_listener_thread();
        if (by_reload) {
            socket->conversation->close(CloseCode::Forbidden, "reload");
            run_errands();
            EXPECT_EQ(socket->wire.closed_with, CloseCode::Forbidden);
        } else {
            socket->hang_up();
        }
        run_errands();
        turn();
        EXPECT_EQ(here->size(), 0U);
    }
}

TEST_F(EngineIoSocketRelayed, IsPingedLikeOthers) {
    const std::string sid = open_polling();
    const auto socket = upgraded(sid);
    pass(300ms);
    run_errands();
    EXPECT_EQ(socket->wire.take(), "2");
    pass(200ms);
    run_errands();
    EXPECT_TRUE(socket->wire.closed_with);
}

TEST_F(EngineIoSocketRelayed, WaitsForABrowserThatDoesNotRead) {
    const std::string sid = open_polling();
    const auto socket = upgraded(sid);
    socket->wire.stalled = true;
    const std::string message = "4" + std::string(40'000, 'x');
    for (int i = 0; i < 10; ++i) {
        socket->send(message);
        run_errands();
    }
    EXPECT_EQ(socket->wire.writes, 1) << "the probe";
    EXPECT_TRUE(socket->wire.writable_requested);

    // All of it in order, as far as it goes each time.
    for (int i = 0; i < 10; ++i) {
        socket->let_read();
        run_errands();
    }
    std::string all = message;
    for (int i = 1; i < 10; ++i) all += '|' + message;
    EXPECT_EQ(socket->wire.take(), all);
}

TEST_F(EngineIoSocketRelayed, HasABrowserWaitForTheSession) {
    const std::string sid = open_polling();
    const auto socket = upgraded(sid);
    const std::string message = "4" + std::string(40'000, 'x');
    socket->send(message);
    EXPECT_FALSE(socket->wire.paused);
    socket->send(message);
    EXPECT_TRUE(socket->wire.paused);
    run_errands();
    EXPECT_FALSE(socket->wire.paused);
    EXPECT_EQ(socket->wire.take(), message + '|' + message);

    for (int i = 0; i < 1025; ++i) socket->send("");
    EXPECT_TRUE(socket->wire.paused) << "empty messages count as well";
}

TEST_F(EngineIoSocketRelayed, IsRefusedWhereTooMuchWaits) {
    const std::string sid = open_polling();
    std::vector<std::unique_ptr<Poll>> asked;
    for (std::size_t i = 0; i < EngineIoErrands::waiting_max; ++i) {
        asked.push_back(ask_there(HttpMethod::Post, sid, "3"));
    }
    const auto socket = connect_at(*there, sid);
    EXPECT_EQ(socket->wire.closed_with, CloseCode::OverCapacity);
    EXPECT_EQ(hits(Limit::Errands), 1U);
    run_errands();
    EXPECT_EQ(post(sid, "4hello").body, "ok");
}

TEST_F(EngineIoSocketRelayed, OutlivesEitherListener) {
    const std::string sid = open_polling();
    const auto socket = upgraded(sid);
    assert_on_listener_thread();
    here->leave_others();
    here.reset();
    socket->send("4hello");
    run_errands();
    socket->conversation->close(CloseCode::Shutdown, "stopping");
    EXPECT_EQ(socket->wire.closed_with, CloseCode::Shutdown);
    there->leave_others();
    there.reset();
    socket->send("4hello");
    socket->conversation->close(CloseCode::Shutdown, "stopping");
    socket->hang_up();
}

}  // namespace
}  // namespace rtbridge
