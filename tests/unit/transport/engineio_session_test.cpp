#include "transport/engineio_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "transport/engineio_fixture.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

// Answers every message with itself, and tells of what happens.
class Echo final : public EngineIoApp {
public:
    class Handler final : public EngineIoHandler {
    public:
        Handler(Echo& echo, EngineIoSession& opened) : echo_(echo), session_(opened) {
            echo_.session = &opened;
        }
        void on_message(std::string_view message, EngineIoKind kind) override {
            assert_on_listener_thread();
            session_.send(message, kind);
        }
        void on_writable() override { ++echo_.writable; }
        void on_deadline() override { ++echo_.deadlines; }
        void on_close(std::string_view reason) override {
            echo_.closed.emplace_back(reason);
            echo_.session = nullptr;
        }

    private:
        Echo& echo_;
        EngineIoSession& session_;
    };
    std::unique_ptr<EngineIoHandler> open(EngineIoSession& opened) override {
        return std::make_unique<Handler>(*this, opened);
    }

    EngineIoSession* session = nullptr;  // the newest
    std::vector<std::string> closed;     // reasons
    int writable = 0;
    int deadlines = 0;
};

class EngineIo : public EngineIoTest {
protected:
    EngineIoServer& server() override { return server_; }
    // The application says something of its own.
    void say(std::string_view message) {
        assert_on_listener_thread();
        echo.session->send(message, EngineIoKind::Text);
    }
    [[nodiscard]] std::unique_ptr<Socket> upgrade(const std::string& sid) {
        auto socket = connect(sid);
        socket->send("2probe");
        socket->send("5");
        EXPECT_EQ(socket->wire.take(), "3probe");
        return socket;
    }

    Echo echo;
    LimitsConfig limits;
    EngineIoServer server_{{echo, metrics, clock, connections}, {300ms, 200ms, 10s, 1000}, limits};
};

TEST_F(EngineIo, ShakesHandsWithFiveKeys) {
    const HttpReply reply = ask(HttpMethod::Get, "EIO=4&transport=polling&t=abc&more=1");

    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.content_type, "text/plain; charset=UTF-8");
    const std::string sid = sid_in(reply.body);
    EXPECT_EQ(reply.body, "0{\"sid\":\"" + sid +
                              "\",\"upgrades\":[\"websocket\"],\"pingInterval\":300,"
                              "\"pingTimeout\":200,\"maxPayload\":1000}");
    EXPECT_EQ(sid.size(), 24U);  // 18 bytes
    EXPECT_EQ(sid.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_"),
              std::string::npos);
    EXPECT_NE(open_polling(), sid);
}

TEST_F(EngineIo, RefusesWithCodes) {
    const std::string sid = open_polling();
    const struct {
        HttpMethod method;
        std::string query;
        int status;
        std::string body;
    } cases[] = {
        {HttpMethod::Get, "EIO=4", 400, R"({"code":0,"message":"Transport unknown"})"},
        {HttpMethod::Get, "EIO=4&transport=abc", 400,
         R"({"code":0,"message":"Transport unknown"})"},
        {HttpMethod::Get, "EIO=4&transport=polling&transport=polling", 400,
         R"({"code":0,"message":"Transport unknown"})"},
        {HttpMethod::Get, polling("x"), 400, R"({"code":1,"message":"Session ID unknown"})"},
        {HttpMethod::Get, polling(""), 400, R"({"code":1,"message":"Session ID unknown"})"},
        {HttpMethod::Post, polling("x"), 400, R"({"code":1,"message":"Session ID unknown"})"},
        {HttpMethod::Get, polling(sid) + "&sid=" + sid, 400,
         R"({"code":1,"message":"Session ID unknown"})"},
        {HttpMethod::Post, "EIO=4&transport=polling", 400,
         R"({"code":2,"message":"Bad handshake method"})"},
        {HttpMethod::Other, "EIO=4&transport=polling", 400,
         R"({"code":2,"message":"Bad handshake method"})"},
        {HttpMethod::Get, "EIO=4&transport=websocket", 400,
         R"({"code":3,"message":"Bad request"})"},
        {HttpMethod::Get, "EIO=4&transport=websocket&sid=" + sid, 400,
         R"({"code":3,"message":"Bad request"})"},
        {HttpMethod::Get, "transport=polling", 400,
         R"({"code":5,"message":"Unsupported protocol version"})"},
        {HttpMethod::Get, "EIO=3&transport=polling", 400,
         R"({"code":5,"message":"Unsupported protocol version"})"},
        {HttpMethod::Get, "EIO=abc&transport=polling", 400,
         R"({"code":5,"message":"Unsupported protocol version"})"},
        {HttpMethod::Other, polling(sid), 405, R"({"code":3,"message":"only GET and POST"})"},
    };
    for (const auto& c : cases) {
        const HttpReply reply = ask(c.method, c.query);
        EXPECT_EQ(reply.status, c.status) << c.query;
        EXPECT_EQ(reply.body, c.body) << c.query;
        EXPECT_EQ(reply.content_type, "application/json");
        EXPECT_TRUE(reply.has_header("X-Cors"));
    }
    EXPECT_EQ(server_.size(), 1U);  // the session goes on
}

TEST_F(EngineIo, RefusesAnOriginThatNoBrowserSends) {
    HttpRequest request = request_of(HttpMethod::Get, "EIO=4&transport=polling");
    request.facts.origin = "http://a\x01";
    EXPECT_EQ(std::get<HttpReply>(answer(request)).body, R"({"code":3,"message":"Bad request"})");
}

TEST_F(EngineIo, AnswersPreflight) {
    HttpRequest request = request_of(HttpMethod::Options, polling("x"));
    request.requested_headers = "x-custom, authorization";
    const HttpReply reply = std::get<HttpReply>(answer(request));
    EXPECT_EQ(reply.status, 204);
    using testing::Contains;
    using testing::Pair;
    EXPECT_THAT(reply.headers, Contains(Pair("Access-Control-Allow-Methods", "GET, POST")));
    EXPECT_THAT(reply.headers,
                Contains(Pair("Access-Control-Allow-Headers", "x-custom, authorization")));
    EXPECT_THAT(reply.headers, Contains(Pair("Content-Length", "0")));
    EXPECT_TRUE(reply.has_header("X-Cors"));
}

TEST_F(EngineIo, CarriesMessagesByPolling) {
    const std::string sid = open_polling();
    const auto first = poll(sid);
    EXPECT_TRUE(first->waits());

    const HttpReply posted = post(sid,
                                  "4hello\x1e"
                                  "4world\x1e"
                                  "bAQID");
    EXPECT_EQ(posted.status, 200);
    EXPECT_EQ(posted.body, "ok");
    EXPECT_EQ(posted.content_type, "text/html");
    // What belongs together comes together.
    EXPECT_EQ(first->body(),
              "4hello\x1e"
              "4world\x1e"
              "bAQID");
    EXPECT_EQ(first->exchange.answer->content_type, "text/plain; charset=UTF-8");
    EXPECT_TRUE(first->exchange.answer->has_header("X-Cors"));

    say("later");
    say("still");
    EXPECT_EQ(poll(sid)->body(),
              "4later\x1e"
              "4still");
}

TEST_F(EngineIo, BoundsOneAnswerButNotOnePacket) {
    const std::string sid = open_polling();
    const std::string large(70'000, 'x');
    const std::string small(30'000, 'y');
    for (const std::string& message : {large, small, small, small}) say(message);
    EXPECT_EQ(poll(sid)->body(), "4" + large);
    EXPECT_EQ(poll(sid)->body(), "4" + small +
                                     "\x1e"
                                     "4" +
                                     small);
    EXPECT_EQ(poll(sid)->body(), "4" + small);
}

TEST_F(EngineIo, EndsASessionWithOverlappingGets) {
    const std::string sid = open_polling();
    const auto first = poll(sid);
    const auto second = poll(sid);
    EXPECT_EQ(first->body(), "1");
    EXPECT_EQ(second->status(), 400);
    EXPECT_EQ(poll(sid)->body(), R"({"code":1,"message":"Session ID unknown"})");
    turn();
    EXPECT_THAT(echo.closed, testing::ElementsAre("transport error"));
    EXPECT_EQ(server_.size(), 0U);
}

TEST_F(EngineIo, EndsASessionWithOverlappingPosts) {
    assert_on_listener_thread();
    const std::string sid = open_polling();
    const auto first = server_.announce_post(request_of(HttpMethod::Post, polling(sid)));
    {
        const auto second = server_.announce_post(request_of(HttpMethod::Post, polling(sid)));
        EXPECT_EQ(post(sid, "4a").status, 400);
    }
    EXPECT_EQ(post(sid, "4a").body, R"({"code":1,"message":"Session ID unknown"})");
    turn();
}

TEST_F(EngineIo, TakesPostsOneAfterTheOther) {
    assert_on_listener_thread();
    const std::string sid = open_polling();
    for (int i = 0; i < 3; ++i) {
        const auto announced = server_.announce_post(request_of(HttpMethod::Post, polling(sid)));
        EXPECT_EQ(post(sid, "4a").status, 200);
    }
    EXPECT_EQ(server_.announce_post(request_of(HttpMethod::Post, polling("x"))), nullptr);
}

TEST_F(EngineIo, EndsASessionWhosePostIsNoPayload) {
    const std::string cases[] = {"abc", "", "4a\x1e", "2", "b!", "4\xff", "7"};
    for (const std::string& body : cases) {
        const std::string sid = open_polling();
        const auto waiting = poll(sid);
        EXPECT_EQ(post(sid, body).status, 400) << body;
        EXPECT_NE(waiting->body(), "(waits)") << body;
        EXPECT_EQ(poll(sid)->status(), 400) << body;
    }
    turn();
    EXPECT_EQ(echo.closed, std::vector<std::string>(std::size(cases), "parse error"));
}

TEST_F(EngineIo, TakesWhatIsBeforeAMistake) {
    const std::string sid = open_polling();
    const auto waiting = poll(sid);
    EXPECT_EQ(post(sid,
                   "4a\x1e"
                   "x")
                  .status,
              400);
    EXPECT_EQ(waiting->body(), "1");
}

TEST_F(EngineIo, RefusesBinaryPosts) {
    const std::string sid = open_polling();
    EXPECT_EQ(post(sid, "4a", "application/octet-stream").status, 400);
    EXPECT_EQ(poll(sid)->status(), 400);
}

TEST_F(EngineIo, IgnoresPacketsThatMeanNothing) {
    const std::string sid = open_polling();
    EXPECT_EQ(post(sid,
                   "0{}\x1e"
                   "5\x1e"
                   "6\x1e"
                   "3")
                  .status,
              200);
    auto socket = connect();
    socket->send("0{}");
    socket->send("5");
    socket->send("6");
    socket->wire.take();
    socket->send("4a");
    EXPECT_EQ(socket->wire.take(), "4a");
}

TEST_F(EngineIo, EndsASessionWhoseGetIsGivenUp) {
    const std::string sid = open_polling();
    poll(sid)->hang_up();
    EXPECT_EQ(poll(sid)->status(), 400);
    turn();
    EXPECT_THAT(echo.closed, testing::ElementsAre("transport error"));
}

TEST_F(EngineIo, ClosesAsTheClientAsks) {
    const std::string sid = open_polling();
    const auto waiting = poll(sid);
    const HttpReply reply = post(sid, "1");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "ok");
    EXPECT_EQ(waiting->body(), "6");
    EXPECT_EQ(poll(sid)->status(), 400);

    auto socket = connect();
    socket->send("1");
    EXPECT_TRUE(socket->wire.closed_with);
    turn();
    EXPECT_THAT(echo.closed, testing::ElementsAre("transport close", "transport close"));
}

TEST_F(EngineIo, ClosesOnPollingWithThePendingOrTheNextGet) {
    assert_on_listener_thread();
    const std::string sid = open_polling();
    const auto waiting = poll(sid);
    echo.session->close(CloseCode::Forbidden, "forced close");
    EXPECT_EQ(waiting->body(), "1");
    EXPECT_EQ(poll(sid)->status(), 400);

    const std::string later = open_polling();
    say("last");
    echo.session->close(CloseCode::Forbidden, "forced close");
    turn();
    EXPECT_EQ(echo.closed.size(), 2U);
    EXPECT_EQ(post(later, "4a").status, 400);
    // Not in one payload: clients forget what comes together with the end.
    EXPECT_EQ(poll(later)->body(), "4last");
    EXPECT_EQ(poll(later)->body(), "1");
    EXPECT_EQ(poll(later)->status(), 400);

    const std::string never = open_polling();
    echo.session->close(CloseCode::Forbidden, "forced close");
    pass(29s);
    EXPECT_EQ(server_.size(), 1U);
    pass(2s);
    EXPECT_EQ(server_.size(), 0U);
    EXPECT_EQ(poll(never)->status(), 400);
}

TEST_F(EngineIo, PingsAndExpectsPongs) {
    const std::string sid = open_polling();
    auto waiting = poll(sid);
    pass(299ms);
    EXPECT_TRUE(waiting->waits());
    pass(1ms);
    EXPECT_EQ(waiting->body(), "2");

    pass(150ms);
    EXPECT_EQ(post(sid, "3").status, 200);
    waiting = poll(sid);
    pass(299ms);
    EXPECT_TRUE(waiting->waits());
    pass(1ms);
    EXPECT_EQ(waiting->body(), "2");

    waiting = poll(sid);
    pass(199ms);
    EXPECT_TRUE(waiting->waits());
    pass(1ms);
    EXPECT_EQ(waiting->body(), "1");
    EXPECT_EQ(poll(sid)->status(), 400);
    EXPECT_THAT(echo.closed, testing::ElementsAre("ping timeout"));
    EXPECT_EQ(hits(Limit::SocketIoPing), 1U);
}

TEST_F(EngineIo, CountsThePingTimeoutFromWhenThePingWasQueued) {
    const std::string sid = open_polling();
    pass(450ms);  // nobody polls
    EXPECT_EQ(poll(sid)->body(), "2");
    pass(60ms);
    EXPECT_EQ(poll(sid)->status(), 400);
    EXPECT_THAT(echo.closed, testing::ElementsAre("ping timeout"));
}

TEST_F(EngineIo, PingsOverWebSockets) {
    auto socket = connect();
    EXPECT_EQ(socket->wire.take().substr(0, 8), "0{\"sid\":");
    pass(300ms);
    EXPECT_EQ(socket->wire.take(), "2");
    socket->send("3");
    pass(300ms);
    EXPECT_EQ(socket->wire.take(), "2");
    pass(200ms);
    EXPECT_EQ(socket->wire.closed_with, CloseCode::NoPong);
}

TEST_F(EngineIo, ReadsFirstWhereTheListenerIsLateItself) {
    assert_on_listener_thread();
    auto socket = connect();
    pass(300ms);
    clock.advance(1s);  // a turn that took long
    server_.check(clock.now());
    EXPECT_FALSE(socket->wire.closed_with);
    socket->send("3");
    pass(299ms);
    EXPECT_FALSE(socket->wire.closed_with);
}

TEST_F(EngineIo, TakesNoPingFromAClient) {
    auto socket = connect();
    socket->send("2");
    EXPECT_TRUE(socket->wire.closed_with);
    auto other = connect();
    other->send("2probe");
    EXPECT_TRUE(other->wire.closed_with);
}

TEST_F(EngineIo, OpensWebSocketsWithoutUpgrades) {
    auto socket = connect();
    const std::string open = socket->wire.take();
    EXPECT_NE(open.find("\"upgrades\":[],"), std::string::npos);
    socket->send("4hello");
    socket->send_binary("\x01\x02");
    EXPECT_EQ(socket->wire.take(), "4hello|b:\x01\x02");
    EXPECT_EQ(poll(sid_in(open))->body(), R"({"code":3,"message":"Bad request"})");
}

TEST_F(EngineIo, ClosesWebSocketsThatSendNoPackets) {
    for (const std::string_view message : {"", "abc", "b", "bAQID", "7"}) {
        auto socket = connect();
        socket->send(message);
        EXPECT_TRUE(socket->wire.closed_with) << message;
    }
    turn();
    EXPECT_EQ(echo.closed, std::vector<std::string>(5, "parse error"));
}

TEST_F(EngineIo, QueuesForASlowWebSocket) {
    auto socket = connect();
    socket->wire.take();
    socket->wire.stalled = true;
    say("a");
    say("b");
    EXPECT_EQ(socket->wire.take(), "");
    EXPECT_TRUE(socket->wire.writable_requested);
    const int writes = socket->wire.writes;
    socket->let_read();
    EXPECT_EQ(socket->wire.take(), "4a|4b");
    EXPECT_EQ(socket->wire.writes, writes + 1);
}

TEST_F(EngineIo, ClosesWhoDoesNotRead) {
    const std::string sid = open_polling();
    const std::string message(300'000, 'x');
    for (int i = 0; i < 3; ++i) say(message);
    EXPECT_EQ(server_.size(), 1U);
    say(message);
    turn();
    EXPECT_EQ(server_.size(), 0U);
    EXPECT_EQ(hits(Limit::QueueHard), 1U);
    EXPECT_EQ(poll(sid)->status(), 400);
}

TEST_F(EngineIo, UpgradesWithAPendingGet) {
    const std::string sid = open_polling();
    const auto waiting = poll(sid);
    auto socket = connect(sid);
    EXPECT_TRUE(waiting->waits());
    socket->send("2probe");
    EXPECT_EQ(socket->wire.take(), "3probe");
    EXPECT_TRUE(waiting->waits());  // 6 must not overtake 3probe
    pass(5ms);
    EXPECT_EQ(waiting->body(), "6");

    say("meanwhile");
    EXPECT_EQ(socket->wire.take(), "");
    socket->send("5");
    EXPECT_EQ(socket->wire.take(), "4meanwhile");
    socket->send("4hello");
    EXPECT_EQ(socket->wire.take(), "4hello");
}

TEST_F(EngineIo, ClosesAnUpgradingClientWhereItReadsNext) {
    assert_on_listener_thread();
    const auto upgrading = [this](const std::string& sid) {
        auto socket = connect(sid);
        socket->send("2probe");
        EXPECT_EQ(socket->wire.take(), "3probe");
        say("last");
        echo.session->close(CloseCode::Forbidden, "forced close");
        turn();
        EXPECT_FALSE(socket->wire.closed_with);
        return socket;
    };
    const std::string moved = open_polling();
    auto socket = upgrading(moved);
    socket->send("5");
    EXPECT_EQ(socket->wire.take(), "4last");
    EXPECT_EQ(socket->wire.closed_with, CloseCode::Forbidden);
    EXPECT_EQ(poll(moved)->status(), 400);

    const std::string stayed = open_polling();
    socket = upgrading(stayed);
    EXPECT_EQ(poll(stayed)->body(), "4last");
    EXPECT_EQ(poll(stayed)->body(), "1");
    EXPECT_TRUE(socket->wire.closed_with);

    const std::string wrong = open_polling();
    socket = upgrading(wrong);
    socket->send("4late");
    EXPECT_TRUE(socket->wire.closed_with);
    EXPECT_EQ(poll(wrong)->body(), "4last");

    const std::string left = open_polling();
    socket = upgrading(left);
    socket->hang_up();
    EXPECT_EQ(poll(left)->body(), "4last");

    const std::string silent = open_polling();
    socket = upgrading(silent);
    pass(2s);
    EXPECT_TRUE(socket->wire.closed_with);
    EXPECT_EQ(poll(silent)->body(), "4last");
    pass(60s);
    EXPECT_EQ(server_.size(), 0U);
}

TEST_F(EngineIo, HoldsGetsThatComeWhileUpgrading) {
    const std::string sid = open_polling();
    auto socket = connect(sid);
    socket->send("2probe");
    say("meanwhile");
    const auto waiting = poll(sid);
    EXPECT_TRUE(waiting->waits());
    pass(49ms);
    EXPECT_TRUE(waiting->waits());
    pass(1ms);
    EXPECT_EQ(waiting->body(), "6");
    EXPECT_EQ(socket->wire.take(), "3probe");
}

TEST_F(EngineIo, FinishesAHeldGetWith400WhenTheUpgradeIsDone) {
    const std::string sid = open_polling();
    const auto waiting = poll(sid);
    const auto socket = upgrade(sid);
    EXPECT_EQ(waiting->status(), 400);
    EXPECT_EQ(poll(sid)->body(), R"({"code":3,"message":"Bad request"})");
    EXPECT_EQ(post(sid, "4a").status, 400);
    EXPECT_FALSE(socket->wire.closed_with);
    EXPECT_FALSE(refuse_upgrade("EIO=4&transport=websocket&sid=" + sid));
    auto second = connect(sid);
    EXPECT_TRUE(second->wire.closed_with);
    socket->send("4hello");
    EXPECT_EQ(socket->wire.take(), "4hello");
}

TEST_F(EngineIo, TakesOneCandidateAtATime) {
    const std::string sid = open_polling();
    auto socket = connect(sid);
    auto second = connect(sid);
    EXPECT_TRUE(second->wire.closed_with);
    EXPECT_FALSE(socket->wire.closed_with);
    socket->hang_up();
    EXPECT_FALSE(connect(sid)->wire.closed_with);
}

TEST_F(EngineIo, ClosesOnlyTheWebSocketWhereTheProbeIsWrong) {
    const std::string sid = open_polling();
    for (const std::string_view first : {"4hello", "5", "3probe", "2", "", "2probe2"}) {
        auto socket = connect(sid);
        socket->send(first);
        EXPECT_TRUE(socket->wire.closed_with) << first;
    }
    auto binary = connect(sid);
    binary->send_binary("2probe");
    EXPECT_TRUE(binary->wire.closed_with);
    auto twice = connect(sid);
    twice->send("2probe");
    twice->send("4hello");
    EXPECT_TRUE(twice->wire.closed_with);

    const auto waiting = poll(sid);
    EXPECT_EQ(post(sid, "4a").status, 200);
    EXPECT_EQ(waiting->body(), "4a");
    EXPECT_TRUE(echo.closed.empty());
}

TEST_F(EngineIo, GoesOnPollingWhereTheUpgradeIsGivenUp) {
    const std::string sid = open_polling();
    auto socket = connect(sid);
    socket->send("2probe");
    const auto waiting = poll(sid);
    say("meanwhile");
    EXPECT_TRUE(waiting->waits());
    socket->hang_up();
    EXPECT_EQ(waiting->body(), "4meanwhile");
    EXPECT_NE(upgrade(sid), nullptr);
}

TEST_F(EngineIo, GivesAnUpgradeTime) {
    EngineIoServer slow{{echo, metrics, clock, connections}, {25s, 20s, 10s, 1000}, limits};
    assert_on_listener_thread();
    const std::string body =
        std::get<HttpReply>(slow.answer(request_of(HttpMethod::Get, "EIO=4&transport=polling"), {}))
            .body;
    FakeWebSocket wire;
    const auto conversation = slow.converse(
        wire, request_of(HttpMethod::Get, "EIO=4&transport=websocket&sid=" + sid_in(body)));
    conversation->begin(nullptr);
    conversation->on_message("2probe", Conversation::Message::Text);
    clock.advance(9'999ms);
    slow.check(clock.now());
    EXPECT_FALSE(wire.closed_with);
    clock.advance(1ms);
    slow.check(clock.now());
    EXPECT_TRUE(wire.closed_with);
    EXPECT_EQ(slow.size(), 1U);
    EXPECT_EQ(hits(Limit::HandshakeTimeout), 1U);
}

TEST_F(EngineIo, KeepsTheTimerOfPingsThroughAnUpgrade) {
    const std::string sid = open_polling();
    pass(250ms);
    const auto socket = upgrade(sid);
    pass(50ms);
    EXPECT_EQ(socket->wire.take(), "2");

    // A ping that was sent on one transport may be answered on the other.
    const std::string other = open_polling();
    const auto waiting = poll(other);
    pass(290ms);
    socket->send("3");
    auto candidate = connect(other);
    pass(10ms);
    EXPECT_EQ(waiting->body(), "2");
    candidate->send("2probe");
    EXPECT_EQ(post(other, "3").status, 200);
    candidate->send("5");
    pass(250ms);
    EXPECT_FALSE(candidate->wire.closed_with);
    pass(50ms);
    EXPECT_EQ(candidate->wire.take(), "3probe|2");
}

TEST_F(EngineIo, EndsWithItsWebSocket) {
    auto socket = connect();
    const std::string sid = sid_in(socket->wire.take());
    socket->hang_up();
    EXPECT_EQ(poll(sid)->body(), R"({"code":1,"message":"Session ID unknown"})");
    turn();
    EXPECT_THAT(echo.closed, testing::ElementsAre("transport close"));
}

TEST_F(EngineIo, EndsACandidateWithItsSession) {
    const std::string sid = open_polling();
    auto socket = connect(sid);
    EXPECT_EQ(post(sid, "1").status, 200);
    EXPECT_TRUE(socket->wire.closed_with);
    turn();
    socket->send("2probe");
    socket->hang_up();
}

TEST_F(EngineIo, RefusesUpgradesBeforeTheHandshake) {
    const std::string sid = open_polling();
    const struct {
        std::string query;
        int code;
    } cases[] = {
        {"EIO=4", 0},
        {"EIO=4&transport=abc", 0},
        {"transport=websocket", 5},
        {"EIO=3&transport=websocket", 5},
        {"EIO=4&transport=polling", 3},
        {"EIO=4&transport=polling&sid=" + sid, 3},
        {"EIO=4&transport=websocket&sid=x", 1},
        {"EIO=4&transport=websocket&sid=", 1},
    };
    for (const auto& c : cases) {
        const auto refusal = refuse_upgrade(c.query);
        ASSERT_TRUE(refusal) << c.query;
        EXPECT_EQ(refusal->status, 400) << c.query;
        EXPECT_EQ(refusal->body.substr(0, 9), "{\"code\":" + std::to_string(c.code)) << c.query;
    }
}

TEST_F(EngineIo, BoundsTheNumberOfSessions) {
    assert_on_listener_thread();
    limits.connections = 2;
    server_.use({300ms, 200ms, 10s, 1000}, limits);
    const std::string sid = open_polling();
    auto socket = connect();
    EXPECT_EQ(ask(HttpMethod::Get, "EIO=4&transport=polling").status, 503);
    EXPECT_EQ(refuse_upgrade("EIO=4&transport=websocket")->status, 503);
    EXPECT_EQ(hits(Limit::Connections), 2U);
    socket->hang_up();
    turn();
    EXPECT_EQ(ask(HttpMethod::Get, "EIO=4&transport=polling").status, 200);

    // Of an address.
    limits.connections = 100;
    limits.connections_per_ip = 2;
    server_.use({300ms, 200ms, 10s, 1000}, limits);
    EXPECT_EQ(ask(HttpMethod::Get, "EIO=4&transport=polling").status, 429);
    EXPECT_EQ(hits(Limit::ConnectionsPerIp), 1U);
    // Those that vanished end by themselves.
    pass(501ms);
    EXPECT_EQ(server_.size(), 0U);
    EXPECT_EQ(ask(HttpMethod::Get, "EIO=4&transport=polling").status, 200);
}

TEST_F(EngineIo, WritesFramesToEitherTransport) {
    assert_on_listener_thread();
    const std::string frames = websocket_frame(Opcode::Text, "4a") +
                               websocket_frame(Opcode::Text, std::string(200, 'b')) +
                               websocket_frame(Opcode::Text, std::string(70'000, 'c'));
    const std::string joined = "4a\x1e" + std::string(200, 'b') + '\x1e' + std::string(70'000, 'c');
    const std::string sid = open_polling();
    EXPECT_FALSE(echo.session->ready());
    echo.session->request_writable();
    EXPECT_EQ(echo.writable, 0);
    const auto waiting = poll(sid);
    EXPECT_EQ(echo.writable, 1);
    ASSERT_TRUE(echo.session->ready());
    EXPECT_EQ(echo.session->write_frames(frames), SessionOutput::Written::Yes);
    EXPECT_EQ(waiting->body(), joined);
    EXPECT_FALSE(echo.session->ready());

    auto socket = connect(sid);
    socket->send("2probe");
    const auto held = poll(sid);
    EXPECT_FALSE(echo.session->ready());
    echo.session->request_writable();
    socket->send("5");
    EXPECT_EQ(echo.writable, 2);
    EXPECT_TRUE(echo.session->ready());
    socket->wire.take();
    (void)echo.session->write_frames(websocket_frame(Opcode::Text, "4a"));
    EXPECT_EQ(socket->wire.take(), "4a");
}

TEST_F(EngineIo, TellsTheApplicationOfItsDeadline) {
    assert_on_listener_thread();
    auto socket = connect();
    echo.session->set_deadline(clock.now() + 100ms);
    pass(99ms);
    EXPECT_EQ(echo.deadlines, 0);
    pass(1ms);
    EXPECT_EQ(echo.deadlines, 1);
    pass(100ms);
    EXPECT_EQ(echo.deadlines, 1);
}

TEST_F(EngineIo, ClosesAllAtTheEnd) {
    assert_on_listener_thread();
    const std::string sid = open_polling();
    const auto waiting = poll(sid);
    auto socket = connect();
    server_.close_all(CloseCode::Shutdown, "server shutting down");
    EXPECT_EQ(waiting->body(), "1");
    EXPECT_EQ(socket->wire.closed_with, CloseCode::Shutdown);
    turn();
    EXPECT_EQ(echo.closed, std::vector<std::string>(2, "server shutting down"));
    EXPECT_EQ(server_.size(), 0U);
    EXPECT_EQ(ask(HttpMethod::Get, "EIO=4&transport=polling").status, 503);
    EXPECT_FALSE(server_.all_closed());
    socket.reset();
    EXPECT_TRUE(server_.all_closed());
}

TEST_F(EngineIo, KeepsTheSettingsThatASessionBeganWith) {
    assert_on_listener_thread();
    auto socket = connect();
    server_.use({1s, 1s, 10s, 500}, limits);
    socket->wire.take();
    pass(300ms);
    EXPECT_EQ(socket->wire.take(), "2");
    EXPECT_NE(ask(HttpMethod::Get, "EIO=4&transport=polling").body.find("\"maxPayload\":500"),
              std::string::npos);
}

}  // namespace
}  // namespace rtbridge
