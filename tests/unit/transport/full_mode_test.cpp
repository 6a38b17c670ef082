#include "transport/full_mode.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "configuration.h"
#include "fakes/fake_clock.h"
#include "listener/test_policy.h"
#include "listener/updates.h"
#include "transport/listener_state.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

class NoDoorbell final : public Doorbell {
public:
    void ring() noexcept override {}
    void answered() noexcept override {}
};

class NoLog final : public LogSink {
public:
    void write(LogLevel /*level*/, std::string_view /*line*/) override {}
};

// The wire of a full mode conversation: what was sent, as the objects in its frames.
class FullModeOutput final : public SessionOutput {
public:
    [[nodiscard]] bool ready() const override { return !stalled && !closed_with; }
    [[nodiscard]] Written write(std::string_view frames) override {
        sent += frames;
        return Written::Yes;
    }
    void request_writable() override {}
    void ping() override { ++pings; }
    [[nodiscard]] Liveness liveness() const override { return Liveness::Watched; }
    void close(CloseCode code, std::string_view reason) override {
        closed_with = code;
        close_reason = reason;
    }
    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const override {
        return conversation->shape(subscription);
    }
    [[nodiscard]] std::string_view transport() const override { return "rtbridge.v1"; }

    // Since the last call.
    [[nodiscard]] std::vector<json> take() {
        std::vector<json> objects;
        std::string_view rest = sent;
        while (!rest.empty()) {
            const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
            const std::size_t header = byte(1) == 126 ? 4 : 2;
            const std::size_t bytes =
                header == 2 ? byte(1) : static_cast<std::size_t>(byte(2) << 8U) + byte(3);
            const json text = json::parse(rest.substr(header, bytes));
            if (text.is_array()) {
                objects.insert(objects.end(), text.begin(), text.end());
            } else {
                objects.push_back(text);
            }
            rest.remove_prefix(header + bytes);
        }
        sent.clear();
        return objects;
    }

    const FullMode* conversation = nullptr;
    std::string sent;
    int pings = 0;
    bool stalled = false;
    std::optional<CloseCode> closed_with;
    std::string close_reason;
};

// A conversation with everything around it. The test's thread plays the listener.
class FullModeTest : public testing::Test {
protected:
    void SetUp() override { is_listener_thread = true; }
    void TearDown() override {
        assert_on_listener_thread();
        if (conversation) conversation->on_closed();
        conversation.reset();
        is_listener_thread = false;
    }

    // Runs with a configuration file of this text; begins a conversation in which the upgrade
    // showed no credentials.
    void begin(const std::string& toml = "") {
        assert_on_listener_thread();
        if (!state) {
            state.emplace(snapshot_of(toml), metrics, clock, log, logins, registry, desk,
                          connections, "epoch", nullptr);
        }
        conversation = std::make_shared<FullMode>(*state, output, facts());
        output.conversation = conversation.get();
        conversation->begin(nullptr);
    }
    [[nodiscard]] static RequestFacts facts() {
        RequestFacts facts{"127.0.0.1", "localhost", std::nullopt, false};
        facts.client_address = "127.0.0.1";
        return facts;
    }
    [[nodiscard]] static ConfigSnapshotPtr snapshot_of(const std::string& toml) {
        Diagnostics diagnostics;
        const auto parsed = parse_config("version = 1\n" + toml, "test.toml", diagnostics);
        EXPECT_TRUE(parsed) << toml;
        auto snapshot = std::make_shared<ConfigSnapshot>();
        snapshot->auth = parsed->auth;
        snapshot->listener = parsed->listener;
        snapshot->limits = parsed->limits;
        snapshot->access = std::make_shared<const Access>(Access{
            Authenticator::create(*parsed, diagnostics), Policy::compile(*parsed, diagnostics)});
        return snapshot;
    }
    void reload(const std::string& toml) {
        assert_on_listener_thread();
        state->accesses.clear();
        state->sessions.policy_changes();
        state->config = snapshot_of(toml);
        conversation->recheck_access();
    }

    std::vector<json> say(std::string_view text) {
        assert_on_listener_thread();
        conversation->on_message(text, Conversation::Message::Text);
        return output.take();
    }
    void fan_out(std::string topic, std::string payload) {
        assert_on_listener_thread();
        Update update = *make_update(std::move(topic), std::move(payload));
        update.offset = ++offset;
        std::deque<UpdatePtr> updates{std::make_shared<const Update>(std::move(update))};
        state->sessions.fan_out(updates);
    }
    std::vector<PublishDesk::Waiting> fetch_as_broker() {
        is_listener_thread = false;
        assert_on_broker_thread();
        auto waiting = desk.fetch(10);
        is_listener_thread = true;
        return waiting;
    }
    [[nodiscard]] std::uint64_t hits(Limit limit) const {
        return metrics.limits.at(static_cast<std::size_t>(limit)).value();
    }

    Metrics metrics;
    FakeClock clock;
    NoLog log;
    SharedLogins logins;
    SharedConnections connections{100};
    SessionRegistry registry;
    NoDoorbell doorbell;
    PublishDesk desk{{.requests_max = 2}, doorbell, metrics, clock};
    std::optional<ListenerState> state;
    FullModeOutput output;
    std::shared_ptr<FullMode> conversation;
    std::uint64_t offset = 0;
};

constexpr const char* readers_of_plant = R"(
[auth]
anonymous = "role:viewer"
[acl]
[[acl.rule]]
role = "viewer"
allow = ["receive", "subscribe", "publish"]
topics = ["plant/#"]
)";

int number_of(const json& reply) {
    return reply.contains("err") ? reply["err"]["n"].get<int>() : 0;
}

TEST_F(FullModeTest, HelloOpensTheSessionOnce) {
    begin();
    EXPECT_TRUE(conversation->waits_for_hello());

    const auto replies = say(R"({"id":1,"op":"hello"})");
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0]["re"], 1);
    EXPECT_EQ(replies[0]["ok"]["session"], conversation->session()->id());
    EXPECT_EQ(replies[0]["ok"]["epoch"], "epoch");
    EXPECT_FALSE(conversation->waits_for_hello());

    EXPECT_EQ(number_of(say(R"({"id":2,"op":"hello"})").at(0)), 105);
    EXPECT_FALSE(output.closed_with);
}

TEST_F(FullModeTest, AnotherFirstRequestOpensItAsWell) {
    begin();

    const auto replies = say(R"({"id":1,"op":"stats"})");

    EXPECT_EQ(replies.at(0)["ok"]["matched"], 0);
    EXPECT_NE(conversation->session(), nullptr);
}

TEST_F(FullModeTest, WhoHasToLogInIsNotLetInWithout) {
    begin("[auth]\nanonymous = \"deny\"\n");

    EXPECT_EQ(number_of(say(R"({"id":1,"op":"stats"})").at(0)), 101);
    EXPECT_EQ(output.closed_with, CloseCode::InvalidToken);
    EXPECT_EQ(conversation->session(), nullptr);
    EXPECT_FALSE(conversation->waits_for_hello());
    EXPECT_TRUE(say(R"({"id":2,"op":"hello"})").empty());
}

TEST_F(FullModeTest, AWrongTokenIsNobody) {
    begin("[auth]\nanonymous = \"role:viewer\"\n");

    EXPECT_EQ(number_of(say(R"({"id":1,"op":"hello","token":"x"})").at(0)), 101);
    EXPECT_EQ(output.closed_with, CloseCode::InvalidToken);
    EXPECT_EQ(metrics.logins_refused.value(), 1U);
}

TEST_F(FullModeTest, TheReplyGoesBeforeAnythingOfTheSubscription) {
    begin();
    fan_out("a", "1");

    const auto frames = say(R"({"id":1,"op":"sub","topics":["#"]})");

    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(frames[0]["ok"], json::parse(R"({"sub":1,"offset":1,"recovered":"new"})"));
    EXPECT_EQ(frames[1]["r"], 1);
    EXPECT_EQ(frames[2], json::parse(R"({"s":1,"eos":1})"));
}

TEST_F(FullModeTest, AReplyDoesNotWaitBehindUpdates) {
    begin();
    say(R"({"id":1,"op":"sub","topics":["#"],"mode":"all"})");
    output.stalled = true;
    fan_out("a", "1");
    say(R"({"id":2,"op":"stats"})");
    output.stalled = false;

    assert_on_listener_thread();
    conversation->on_writable();

    const auto frames = output.take();
    EXPECT_EQ(frames.at(0)["re"], 2);
    EXPECT_GT(frames.at(0)["ok"]["queue_bytes"], 0);
    EXPECT_EQ(frames.at(1)["d"], 1);
}

TEST_F(FullModeTest, SubscriptionsAreCountedByTheirFilters) {
    begin("[limits]\nsubscriptions = 3\n");
    say(R"({"id":1,"op":"sub","topics":["a","b"]})");

    const json refused = say(R"({"id":2,"op":"sub","topics":["c","d"]})").at(0);
    EXPECT_EQ(number_of(refused), 106);
    EXPECT_EQ(refused["err"]["which"], "subscriptions");
    EXPECT_EQ(refused["err"]["value"], 4);
    EXPECT_EQ(refused["err"]["maximum"], 3);
    EXPECT_EQ(hits(Limit::Subscriptions), 1U);

    say(R"({"id":3,"op":"unsub","sub":1})");
    EXPECT_EQ(number_of(say(R"({"id":4,"op":"sub","topics":["c","d"]})").at(0)), 0);
}

TEST_F(FullModeTest, WhatIsNotAllowedIsRefusedByName) {
    begin(readers_of_plant);

    const json refused = say(R"({"id":1,"op":"sub","topics":["plant/1","#"]})").at(0);
    EXPECT_EQ(number_of(refused), 103);
    EXPECT_NE(refused["err"]["msg"].get<std::string>().find('#'), std::string::npos);
    EXPECT_EQ(number_of(say(R"({"id":2,"op":"get","topics":["other"]})").at(0)), 103);
    EXPECT_EQ(number_of(say(R"({"id":3,"op":"pub","t":"other","d":1})").at(0)), 103);
    EXPECT_EQ(number_of(say(R"({"id":4,"op":"pub","t":"plant/1","d":1,"retain":true})").at(0)),
              103);
    EXPECT_EQ(metrics.denied_browsers.value(), 4U);
    EXPECT_EQ(number_of(say(R"({"id":5,"op":"get","topics":["#"]})").at(0)), 0);
}

TEST_F(FullModeTest, APublishIsAnsweredWhenTheBrokerTookIt) {
    begin(readers_of_plant);
    EXPECT_TRUE(say(R"({"id":1,"op":"pub","t":"plant/1","d":1})").empty());
    EXPECT_TRUE(say(R"({"id":2,"op":"pub","t":"plant/1","d":2})").empty());
    const json full = say(R"({"id":3,"op":"pub","t":"plant/1","d":3})").at(0);
    EXPECT_EQ(number_of(full), 106);
    EXPECT_EQ(full["err"]["retry"], true);

    const auto waiting = fetch_as_broker();
    ASSERT_EQ(waiting.size(), 2U);
    assert_on_listener_thread();
    desk.deliver(
        {{waiting[0].id, PublishResult::Taken}, {waiting[1].id, PublishResult::DroppedByRule}});

    const auto replies = output.take();
    EXPECT_EQ(replies.at(0), json::parse(R"({"re":1,"ok":{}})"));
    EXPECT_EQ(replies.at(1)["re"], 2);
    EXPECT_EQ(number_of(replies.at(1)), 114);
}

TEST_F(FullModeTest, APublishWhoseBrowserLeftIsAnsweredToNobody) {
    begin(readers_of_plant);
    say(R"({"id":1,"op":"pub","t":"plant/1","d":1})");

    assert_on_listener_thread();
    conversation->on_closed();
    conversation.reset();
    const auto waiting = fetch_as_broker();
    desk.deliver({{waiting.at(0).id, PublishResult::Taken}});

    EXPECT_TRUE(output.take().empty());
}

TEST_F(FullModeTest, AReloadEndsTheSubscriptionsThatAreNotAllowedAnyMore) {
    begin(readers_of_plant);
    say(R"({"id":1,"op":"sub","topics":["plant/#"],"snap":false})");
    say(R"({"id":2,"op":"sub","topics":["plant/1"],"snap":false})");

    std::string narrower = readers_of_plant;
    narrower.replace(narrower.find("plant/#"), 7, "plant/1");
    reload(narrower);

    const auto frames = output.take();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0]["s"], 1);
    EXPECT_EQ(frames[0]["end"]["code"], "forbidden");
    fan_out("plant/1", "1");
    fan_out("plant/2", "2");
    const auto updates = output.take();
    ASSERT_EQ(updates.size(), 1U);
    EXPECT_EQ(updates[0]["s"], 2);
    EXPECT_FALSE(output.closed_with);

    reload("[auth]\nanonymous = \"deny\"\n");
    EXPECT_EQ(output.closed_with, CloseCode::Forbidden);
}

TEST_F(FullModeTest, RequestsThatComeTooFastAreToldWhenToTryAgain) {
    begin("[limits]\nrequests_per_second = 5\n");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(number_of(say(R"({"id":1,"op":"stats"})").at(0)), 0);

    const json refused = say(R"({"id":7,"op":"stats"})").at(0);
    EXPECT_EQ(refused["re"], 7);
    EXPECT_EQ(number_of(refused), 111);
    EXPECT_EQ(refused["err"]["after"], 200);
    clock.advance(milliseconds(200));
    EXPECT_EQ(number_of(say(R"({"id":8,"op":"stats"})").at(0)), 0);

    for (int i = 0; i < 19; ++i) say(R"({"id":9,"op":"stats"})");
    EXPECT_FALSE(output.closed_with);
    say(R"({"id":9,"op":"stats"})");
    EXPECT_EQ(output.closed_with, CloseCode::RateLimited);
    EXPECT_EQ(output.close_reason, "limit=requests_per_second max=5 got=30");
}

TEST_F(FullModeTest, TheThirdFrameThatIsNoObjectEndsIt) {
    begin();

    EXPECT_EQ(number_of(say("hello").at(0)), 107);
    EXPECT_EQ(number_of(say("[]").at(0)), 107);
    EXPECT_EQ(number_of(say(R"({"id":1,"op":"unknown"})").at(0)), 104);
    EXPECT_FALSE(output.closed_with);
    assert_on_listener_thread();
    conversation->on_message("", Conversation::Message::Binary);

    EXPECT_EQ(output.closed_with, CloseCode::ProtocolError);
    EXPECT_EQ(hits(Limit::BadRequests), 3U);
}

TEST_F(FullModeTest, TheAnswerToTheLastProbeGivesTheRoundTrip) {
    begin();
    say(R"({"id":1,"op":"hello"})");
    assert_on_listener_thread();
    const std::string probe(frame_payload(conversation->probe()));
    const auto unix_ms = json::parse(probe)["p"].get<std::int64_t>();
    clock.advance(milliseconds(42));

    EXPECT_TRUE(say(R"({"q":1})").empty());
    EXPECT_TRUE(say(R"({"id":2,"op":"stats"})").at(0)["ok"]["rtt_ms"].is_null());
    EXPECT_TRUE(say("{\"q\":" + std::to_string(unix_ms) + "}").empty());

    EXPECT_EQ(say(R"({"id":3,"op":"stats"})").at(0)["ok"]["rtt_ms"], 42);
}

TEST_F(FullModeTest, WhatComesBeforeItIsKnownWhoItIsWaits) {
    begin();
    assert_on_listener_thread();
    conversation = std::make_shared<FullMode>(*state, output, facts());
    output.conversation = conversation.get();
    EXPECT_TRUE(say(R"({"id":1,"op":"hello"})").empty());
    EXPECT_TRUE(say(R"({"id":2,"op":"stats"})").empty());

    conversation->begin(nullptr);

    const auto replies = output.take();
    ASSERT_EQ(replies.size(), 2U);
    EXPECT_EQ(replies[0]["re"], 1);
    EXPECT_EQ(replies[1]["re"], 2);
}

TEST_F(FullModeTest, NotMoreThanAFrameWaits) {
    begin("[limits]\nframe = \"1KiB\"\n");
    assert_on_listener_thread();
    conversation = std::make_shared<FullMode>(*state, output, facts());
    for (int i = 0; i < 100 && !output.closed_with; ++i) say(R"({"id":1,"op":"stats"})");

    EXPECT_EQ(output.closed_with, CloseCode::RateLimited);
    EXPECT_EQ(hits(Limit::Frame), 1U);
}

TEST_F(FullModeTest, WithBatchingSeveralObjectsShareAFrame) {
    begin();
    say(R"({"id":1,"op":"hello","features":["batch"]})");
    say(R"({"id":2,"op":"sub","topics":["#"],"mode":"all"})");
    output.stalled = true;
    fan_out("a", "1");
    fan_out("a", "2");
    output.stalled = false;
    assert_on_listener_thread();
    conversation->on_writable();

    EXPECT_EQ(frame_payload(output.sent).substr(0, 2), "[{");
    EXPECT_EQ(output.take().size(), 2U);
}

TEST_F(FullModeTest, DuringTheDrainNobodyComesIn) {
    begin();
    state->draining = true;

    EXPECT_EQ(number_of(say(R"({"id":1,"op":"hello"})").at(0)), 108);
    EXPECT_EQ(output.closed_with, CloseCode::Shutdown);
}

}  // namespace
}  // namespace rtbridge
