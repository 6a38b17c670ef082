#include "transport/engineio_relay.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "transport/engineio_relayed.h"

namespace rtbridge {
namespace {

TEST_F(EngineIoRelayed, AnswersWhereverARequestComesIn) {
    const std::string sid = open_polling();
    const auto posted = ask_there(HttpMethod::Post, sid, "4hello");
    EXPECT_TRUE(posted->waits());
    EXPECT_EQ(here_wakeup.wakes, 1);
    run_errands();
    EXPECT_EQ(posted->body(), "ok");
    EXPECT_TRUE(posted->exchange.answer->has_header("X-Cors"));
    EXPECT_EQ(there_wakeup.wakes, 1);
    EXPECT_EQ(poll(sid)->body(), "4hello");

    const auto waiting = ask_there(HttpMethod::Get, sid);
    run_errands();
    EXPECT_TRUE(waiting->waits());
    EXPECT_EQ(post(sid, "4later").body, "ok");
    run_errands();
    EXPECT_EQ(waiting->body(), "4later");
    EXPECT_TRUE(waiting->exchange.answer->has_header("X-Cors"));
    EXPECT_EQ(ask_there(HttpMethod::Get, sid)->status(), 0);
}

TEST_F(EngineIoRelayed, RefusesWhatNobodyKnows) {
    const std::string sid = open_polling();
    const std::string wrong = (sid.front() == 'x' ? "y" : "x") + sid.substr(1);
    for (const std::string& unknown : {wrong, std::string("A"), std::string("_"), std::string()}) {
        const auto asked = ask_there(HttpMethod::Get, unknown);
        run_errands();
        EXPECT_EQ(asked->body(), R"({"code":1,"message":"Session ID unknown"})") << unknown;
        EXPECT_TRUE(asked->exchange.answer->has_header("X-Cors"));
    }
}

TEST_F(EngineIoRelayed, EndsASessionWhoseGetIsGivenUp) {
    const std::string sid = open_polling();
    const auto waiting = ask_there(HttpMethod::Get, sid);
    run_errands();
    waiting->hang_up();
    run_errands();
    EXPECT_EQ(poll(sid)->status(), 400);

    // Before anyone there knew of it.
    const std::string other = open_polling();
    ask_there(HttpMethod::Get, other)->hang_up();
    run_errands();
    EXPECT_EQ(poll(other)->status(), 400);
}

TEST_F(EngineIoRelayed, EndsASessionWithOverlappingGets) {
    const std::string sid = open_polling();
    const auto first = ask_there(HttpMethod::Get, sid);
    run_errands();
    const auto second = poll(sid);
    run_errands();
    EXPECT_EQ(first->body(), "1");
    EXPECT_EQ(second->status(), 400);
}

TEST_F(EngineIoRelayed, BoundsWhatWaits) {
    const std::string sid = open_polling();
    std::vector<std::unique_ptr<Poll>> asked;
    for (std::size_t i = 0; i < EngineIoErrands::waiting_max; ++i) {
        asked.push_back(ask_there(HttpMethod::Post, sid, "3"));
    }
    EXPECT_EQ(ask_there(HttpMethod::Post, sid, "3")->status(), 503);
    EXPECT_EQ(hits(Limit::Errands), 1U);
    run_errands();
    for (const auto& one : asked) EXPECT_EQ(one->body(), "ok");

    const std::string large(1'000'000, '4');
    int refused = 0;
    for (int i = 0; i < 20; ++i) {
        asked.push_back(ask_there(HttpMethod::Post, sid, large));
        refused += asked.back()->status() == 503 ? 1 : 0;
    }
    EXPECT_EQ(refused, 4);
}

TEST_F(EngineIoRelayed, ForgetsListenersThatEnd) {
    const std::string sid = open_polling();
    const auto waiting = ask_there(HttpMethod::Get, sid);
    run_errands();
    here->leave_others();
    EXPECT_EQ(ask_there(HttpMethod::Get, sid)->body(),
              R"({"code":1,"message":"Session ID unknown"})");
    assert_on_listener_thread();
    here.reset();
    run_errands();
    EXPECT_TRUE(waiting->waits());  // its listener ends as well
    waiting->hang_up();
    there.reset();
}

TEST_F(EngineIoRelayed, EndsWhenWhatWasAskedElsewhereIsAnswered) {
    assert_on_listener_thread();
    const std::string sid = open_polling();
    const auto waiting = ask_there(HttpMethod::Get, sid);
    run_errands();
    there->close_all(CloseCode::Shutdown, "shutdown");
    EXPECT_FALSE(there->all_closed());
    const auto late = ask_there(HttpMethod::Post, sid, "4late");

    here->close_all(CloseCode::Shutdown, "shutdown");
    here->check(clock.now());
    EXPECT_TRUE(here->all_closed());
    here->leave_others();  // with an errand that waits
    there->run_errands();
    EXPECT_EQ(waiting->body(), "1");
    EXPECT_EQ(late->status(), 400);
    waiting->responder.reset();  // as connections do
    late->responder.reset();
    EXPECT_TRUE(there->all_closed());
}

TEST_F(EngineIoRelayed, ForgetsWhereARequestCameFrom) {
    const std::string sid = open_polling();
    const auto waiting = ask_there(HttpMethod::Get, sid);
    run_errands();
    there->leave_others();
    there.reset();
    EXPECT_EQ(post(sid, "4a").body, "ok");
    run_errands();
    EXPECT_TRUE(waiting->waits());
    waiting->hang_up();
}

}  // namespace
}  // namespace rtbridge
