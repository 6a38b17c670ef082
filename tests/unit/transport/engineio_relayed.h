#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "transport/engineio_fixture.h"

namespace rtbridge {

class CountingWakeup final : public Wakeup {
public:
    void wake() noexcept override { ++wakes; }
    int wakes = 0;
};

class EchoApp final : public EngineIoApp {
public:
    class Handler final : public EngineIoHandler {
    public:
        explicit Handler(EngineIoSession& session) : session_(session) {}
        void on_message(std::string_view message, EngineIoKind kind) override {
            assert_on_listener_thread();
            session_.send(message, kind);
            if (message == "end") session_.close(CloseCode::Forbidden, "asked for");
        }
        void on_close(std::string_view /*reason*/) override {}

    private:
        EngineIoSession& session_;
    };
    std::unique_ptr<EngineIoHandler> open(EngineIoSession& session) override {
        return std::make_unique<Handler>(session);
    }
};

// Two listeners, whose threads the test's plays in turn. Sessions are those of the first.
class EngineIoRelayed : public EngineIoTest {
protected:
    EngineIoRelayed() {
        here->join_others(errands, here_wakeup);
        there->join_others(errands, there_wakeup);
    }
    EngineIoServer& server() override { return *here; }

    // A request that comes in at the second.
    std::unique_ptr<Poll> ask_there(HttpMethod method, const std::string& sid,
                                    std::string body = {}) {
        assert_on_listener_thread();
        HttpRequest request = request_of(method, polling(sid));
        request.body = std::move(body);
        auto asked = std::make_unique<Poll>();
        Answer answered = there->answer(request, {{"X-Cors", "yes"}});
        if (auto* const reply = std::get_if<HttpReply>(&answered)) {
            asked->exchange.answer = *reply;
            return asked;
        }
        asked->responder = std::get<std::shared_ptr<HttpResponder>>(answered);
        asked->responder->begin(asked->exchange);
        return asked;
    }
    void run_errands() {
        assert_on_listener_thread();
        for (int i = 0; i < 4; ++i) {
            if (here) here->run_errands();
            if (there) there->run_errands();
        }
    }

    EchoApp app;
    CountingWakeup here_wakeup;
    CountingWakeup there_wakeup;
    EngineIoErrands errands{metrics};
    EngineIoSettings settings{std::chrono::milliseconds(300), std::chrono::milliseconds(200),
                              std::chrono::seconds(10), 1'000'000};
    std::unique_ptr<EngineIoServer> here = std::make_unique<EngineIoServer>(
        EngineIoServer::Dependencies{app, metrics, clock, connections}, settings, LimitsConfig{});
    std::unique_ptr<EngineIoServer> there = std::make_unique<EngineIoServer>(
        EngineIoServer::Dependencies{app, metrics, clock, connections}, settings, LimitsConfig{});
};

}  // namespace rtbridge
