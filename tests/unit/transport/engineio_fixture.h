#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fakes/fake_clock.h"
#include "transport/engineio_server.h"
#include "transport/http_exchange.h"
#include "transport/websocket_frame.h"

namespace rtbridge {

// A WebSocket that a test reads and stalls. Messages are told with a bar between them; binary ones
// begin with "b:".
class FakeWebSocket final : public WebSocket {
public:
    [[nodiscard]] bool ready() const override { return !stalled && !closed_with && !abandoned; }
    [[nodiscard]] Written write(std::string_view frames) override {
        ++writes;
        while (!frames.empty()) {
            const bool binary = (static_cast<unsigned char>(frames[0]) & 0x0fU) == 2;
            if (!sent.empty()) sent += '|';
            if (binary) sent += "b:";
            sent += take_frame_payload(frames);
        }
        return Written::Yes;
    }
    void request_writable() override { writable_requested = true; }
    void ping() override {}
    void close(CloseCode code, std::string_view reason) override {
        closed_with = code;
        close_reason = reason;
    }
    [[nodiscard]] const WireShape& shape(std::uint32_t /*subscription*/) const override {
        static const PlainWebSocketShape plain;
        return plain;
    }
    [[nodiscard]] std::string_view transport() const override { return "fake"; }
    void pause_reading() override { paused = true; }
    void resume_reading() override { paused = false; }
    void abandon() override { abandoned = true; }
    [[nodiscard]] const std::string& peer_address() const override { return address; }

    std::string take() { return std::exchange(sent, {}); }

    std::string sent;
    std::string address = "192.0.2.1";
    int writes = 0;
    bool stalled = false;
    bool paused = false;
    bool writable_requested = false;
    bool abandoned = false;
    std::optional<CloseCode> closed_with;
    std::string close_reason;
};

// A GET that waits, as its connection sees it.
class FakeExchange final : public HttpExchange {
public:
    void reply(const HttpReply& answered) override { answer = answered; }
    void begin_stream(const HttpReply& /*head*/) override {}
    [[nodiscard]] bool ready() const override { return true; }
    [[nodiscard]] SessionOutput::Written write(std::string_view /*chunks*/) override {
        return SessionOutput::Written::Yes;
    }
    void request_writable() override {}
    void give_up_after(std::chrono::milliseconds /*patience*/) override {}
    void end_stream(std::string_view /*last_chunks*/) override {}

    std::optional<HttpReply> answer;
};

// An Engine.IO server and its clients. The test's thread plays the listener, and its time stands
// still until pass().
class EngineIoTest : public testing::Test {
protected:
    // A GET, and its connection.
    struct Poll {
        std::shared_ptr<HttpResponder> responder;
        FakeExchange exchange;

        [[nodiscard]] bool waits() const { return !exchange.answer; }
        [[nodiscard]] int status() const { return waits() ? 0 : exchange.answer->status; }
        [[nodiscard]] std::string body() const {
            return waits() ? "(waits)" : exchange.answer->body;
        }
        void hang_up() {
            assert_on_listener_thread();
            responder->on_gone();
            responder.reset();
        }
    };
    struct Socket {
        FakeWebSocket wire;
        std::shared_ptr<Conversation> conversation;

        void send(std::string_view text) {
            assert_on_listener_thread();
            conversation->on_message(text, Conversation::Message::Text);
        }
        void send_binary(std::string_view bytes) {
            assert_on_listener_thread();
            conversation->on_message(bytes, Conversation::Message::Binary);
        }
        void hang_up() {
            assert_on_listener_thread();
            conversation->on_closed();
        }
        void let_read() {
            assert_on_listener_thread();
            wire.stalled = false;
            conversation->on_writable();
        }
    };

    EngineIoTest() { is_listener_thread = true; }
    ~EngineIoTest() override { is_listener_thread = false; }
    [[nodiscard]] virtual EngineIoServer& server() = 0;

    [[nodiscard]] static HttpRequest request_of(HttpMethod method, std::string_view query) {
        HttpRequest request;
        request.method = method;
        request.path = "/engine.io/";
        while (!query.empty()) {
            const std::string_view part = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(part.size() + 1, query.size()));
            const std::size_t equals = std::min(part.find('='), part.size());
            request.query.emplace_back(part.substr(0, equals),
                                       part.substr(std::min(equals + 1, part.size())));
        }
        request.facts.client_address = "192.0.2.1";
        return request;
    }
    [[nodiscard]] static std::string polling(const std::string& sid) {
        return "EIO=4&transport=polling&sid=" + sid;
    }
    [[nodiscard]] Answer answer(const HttpRequest& request) {
        assert_on_listener_thread();
        return server().answer(request, {{"X-Cors", "yes"}});
    }
    // REQUIRES: it is answered at once.
    [[nodiscard]] HttpReply ask(HttpMethod method, std::string_view query) {
        return std::get<HttpReply>(answer(request_of(method, query)));
    }
    [[nodiscard]] std::string open_polling() {
        const std::string body = ask(HttpMethod::Get, "EIO=4&transport=polling").body;
        return sid_in(body);
    }
    [[nodiscard]] static std::string sid_in(const std::string& open_packet) {
        const std::size_t begin = open_packet.find("\"sid\":\"") + 7;
        return open_packet.substr(begin, open_packet.find('"', begin) - begin);
    }
    [[nodiscard]] std::unique_ptr<Poll> poll(const std::string& sid) {
        assert_on_listener_thread();
        auto poll = std::make_unique<Poll>();
        Answer answered = answer(request_of(HttpMethod::Get, polling(sid)));
        if (auto* const reply = std::get_if<HttpReply>(&answered)) {
            poll->exchange.answer = *reply;
        } else {
            poll->responder = std::get<std::shared_ptr<HttpResponder>>(answered);
            poll->responder->begin(poll->exchange);
        }
        return poll;
    }
    [[nodiscard]] HttpReply post(const std::string& sid, std::string body,
                                 std::string content_type = "text/plain") {
        HttpRequest request = request_of(HttpMethod::Post, polling(sid));
        request.body = std::move(body);
        request.content_type = std::move(content_type);
        return std::get<HttpReply>(answer(request));
    }
    [[nodiscard]] std::unique_ptr<Socket> connect(const std::string& sid = {}) {
        return connect_at(server(), sid);
    }
    [[nodiscard]] static std::unique_ptr<Socket> connect_at(EngineIoServer& server,
                                                            const std::string& sid) {
        assert_on_listener_thread();
        auto socket = std::make_unique<Socket>();
        const std::string query =
            "EIO=4&transport=websocket" + (sid.empty() ? std::string() : "&sid=" + sid);
        socket->conversation = server.converse(socket->wire, request_of(HttpMethod::Get, query));
        socket->conversation->begin(nullptr);
        return socket;
    }
    [[nodiscard]] std::optional<HttpReply> refuse_upgrade(std::string_view query) {
        assert_on_listener_thread();
        return server().refuse_upgrade(request_of(HttpMethod::Get, query));
    }
    // Time passes as in the loop: each deadline gets its turn.
    void pass(std::chrono::milliseconds time) {
        assert_on_listener_thread();
        const SteadyTime end = clock.now() + time;
        while (const auto next = server().next_deadline()) {
            if (*next > end) break;
            if (*next > clock.now()) clock.advance(ms_until(*next));
            server().check(clock.now());
        }
        clock.advance(ms_until(end));
    }
    void turn() { pass(std::chrono::milliseconds(0)); }
    [[nodiscard]] std::chrono::milliseconds ms_until(SteadyTime time) const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(time - clock.now());
    }
    [[nodiscard]] std::uint64_t hits(Limit limit) const {
        return metrics.limits.at(static_cast<std::size_t>(limit)).value();
    }

    Metrics metrics;
    FakeClock clock;
    SharedConnections connections{10'000};
};

}  // namespace rtbridge
