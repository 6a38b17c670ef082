#include "transport/sse_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/private_folder.h"
#include "configuration.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_doorbell.h"
#include "listener/test_policy.h"
#include "listener/updates.h"
#include "transport/listener_state.h"

namespace rtbridge {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class NoLog final : public LogSink {
public:
    void write(LogLevel /*level*/, std::string_view /*line*/) override {}
};

// A connection that keeps what it is told, without chunks.
class FakeExchange final : public HttpExchange {
public:
    void reply(const HttpReply& /*reply*/) override { FAIL() << "streams are no replies"; }
    void begin_stream(const HttpReply& reply) override { head = reply; }
    [[nodiscard]] bool ready() const override { return !stalled && !lost; }
    [[nodiscard]] SessionOutput::Written write(std::string_view bytes) override {
        if (lost) return SessionOutput::Written::No;
        sent += bytes;
        if (stall_after_write) stalled = true;
        return SessionOutput::Written::Yes;
    }
    void request_writable() override { writable_requested = true; }
    void give_up_after(std::chrono::milliseconds patience) override { gives_up_after = patience; }
    void end_stream(std::string_view last) override {
        sent += last;
        ended = true;
    }

    // The blocks since the last call.
    [[nodiscard]] std::vector<std::string> take() {
        std::vector<std::string> blocks;
        std::string_view rest = sent;
        while (!rest.empty()) {
            const std::size_t end = rest.find("\n\n");
            EXPECT_NE(end, std::string_view::npos) << "no blank line ends " << rest;
            if (end == std::string_view::npos) break;
            blocks.emplace_back(rest.substr(0, end));
            rest.remove_prefix(end + 2);
        }
        sent.clear();
        return blocks;
    }

    HttpReply head;
    std::string sent;
    std::chrono::milliseconds gives_up_after{0};
    bool stalled = false;
    bool stall_after_write = false;
    bool lost = false;
    bool writable_requested = false;
    bool ended = false;
};

// Streams with everything around them. The test's thread plays the listener.
class SseStreamTest : public testing::Test {
protected:
    void SetUp() override { is_listener_thread = true; }
    void TearDown() override {
        assert_on_listener_thread();
        if (stream) stream->on_gone();
        stream.reset();
        is_listener_thread = false;
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
        EXPECT_TRUE(snapshot->access->authenticator && snapshot->access->policy) << toml;
        return snapshot;
    }
    void use(const std::string& toml) {
        state.emplace(snapshot_of(toml), metrics, clock, log, logins, registry, desk, connections,
                      "m4x1", nullptr);
    }
    void reload(const std::string& toml) {
        assert_on_listener_thread();
        state->accesses.clear();
        state->sessions.policy_changes();
        state->config = snapshot_of(toml);
        stream->recheck_access();
    }

    struct Wanted {
        std::string topic{};
        bool snapshot = true;
        std::optional<ResumePoint> since{};
    };
    // Begins a stream; the blocks that it begins with.
    std::vector<std::string> open(const Wanted& wanted) {
        assert_on_listener_thread();
        if (!state) use("");
        if (stream) stream->on_gone();
        exchange = {};
        SseRequest request;
        const ApiContext context = state->api();
        request.facts = {"127.0.0.1", "localhost", std::nullopt, false};
        request.facts.client_address = "127.0.0.1";
        Visitor visitor{context.authenticator().anonymous().value(), 0};
        request.access = state->accesses.share(std::move(visitor), context.policy());
        if (!wanted.topic.empty()) {
            request.wanted.selection.topics = {TopicFilter::parse(wanted.topic).value()};
        }
        request.wanted.snapshot = wanted.snapshot;
        request.since = wanted.since;
        request.form.framing = SseShape::Framing::Bare;
        request.headers = {{"Vary", "Origin"}};
        stream = std::make_shared<SseStream>(*state, std::move(request));
        stream->begin(exchange);
        return exchange.take();
    }
    std::vector<std::string> open() { return open({}); }
    void fan_out(const std::string& topic, const std::string& payload) {
        assert_on_listener_thread();
        Update update = *make_update(topic, payload);
        update.offset = ++offset;
        std::deque<UpdatePtr> updates{std::make_shared<const Update>(std::move(update))};
        state->sessions.fan_out(updates);
    }
    void check_after(std::chrono::milliseconds passed) {
        assert_on_listener_thread();
        clock.advance(passed);
        state->sessions.check(clock.now());
    }
    void writable() {
        assert_on_listener_thread();
        exchange.stalled = false;
        stream->on_writable();
    }
    [[nodiscard]] std::uint64_t disconnects(std::uint16_t code) const {
        for (std::size_t i = 0; i < Disconnects::codes.size(); ++i) {
            if (Disconnects::codes.at(i) == code) return metrics.disconnects.value(i);
        }
        return 0;
    }

    Metrics metrics;
    FakeClock clock;
    NoLog log;
    SharedLogins logins;
    SharedConnections connections{100};
    SessionRegistry registry;
    FakeDoorbell doorbell;
    PublishDesk desk{{}, doorbell, metrics, clock};
    std::optional<ListenerState> state;
    FakeExchange exchange;
    std::shared_ptr<SseStream> stream;
    std::uint64_t offset = 0;
};

TEST_F(SseStreamTest, BeginsAtOnceWithACommentAndRetry) {
    const auto blocks = open({.snapshot = false});

    EXPECT_THAT(
        blocks,
        ElementsAre(MatchesRegex(": recovered new\nretry: [12][0-9][0-9][0-9]\nid: m4x1-0")));
    EXPECT_EQ(exchange.head.status, 200);
    EXPECT_EQ(exchange.head.content_type, "text/event-stream");
    using Header = std::pair<std::string, std::string>;
    EXPECT_THAT(exchange.head.headers,
                ElementsAre(Header("Cache-Control", "no-cache, no-store, no-transform"),
                            Header("X-Accel-Buffering", "no"), Header("Vary", "Origin")));
    EXPECT_EQ(registry.count_by_transport().at("sse"), 1U);
}

TEST_F(SseStreamTest, TheNewestValuesComeInTheOrderOfTheirOffsets) {
    use("");
    fan_out("b", "1");
    fan_out("a", "2");

    const auto blocks = open();

    ASSERT_EQ(blocks.size(), 4U);
    EXPECT_THAT(blocks[0], MatchesRegex(": recovered new\nretry: [0-9]+"));
    EXPECT_EQ(blocks[1], "id: m4x1-1\ndata: 1");
    EXPECT_EQ(blocks[2], "id: m4x1-2\ndata: 2");
    EXPECT_EQ(blocks[3], "id: m4x1-2");
}

// Whoever is cut off in the midst of them has to begin with them again.
TEST_F(SseStreamTest, NewestValuesOfWhichMoreAreToComeAreNoPlaceToGoOnFrom) {
    use("");
    const std::string large = '"' + std::string(40'000, 'x') + '"';
    for (const char* const topic : {"a", "b", "c"}) fan_out(topic, large);

    auto blocks = open();
    EXPECT_TRUE(exchange.writable_requested);
    exchange.stalled = true;
    fan_out("a", "4");
    EXPECT_EQ(exchange.take(), std::vector<std::string>());  // live updates wait
    writable();
    const auto more = exchange.take();
    blocks.insert(blocks.end(), more.begin(), more.end());

    ASSERT_EQ(blocks.size(), 6U);
    EXPECT_TRUE(blocks[1].starts_with("data: ")) << blocks[1].substr(0, 40);
    EXPECT_TRUE(blocks[2].starts_with("data: ")) << blocks[2].substr(0, 40);
    EXPECT_TRUE(blocks[3].starts_with("id: m4x1-3\ndata: ")) << blocks[3].substr(0, 40);
    EXPECT_EQ(blocks[4], "id: m4x1-3");
    EXPECT_EQ(blocks[5], "id: m4x1-4\ndata: 4");
}

TEST_F(SseStreamTest, LiveUpdatesFollow) {
    (void)open({.topic = "plant/+"});

    fan_out("plant/1", "1");
    fan_out("other", "2");
    fan_out("plant/2", "3");

    EXPECT_THAT(exchange.take(), ElementsAre("id: m4x1-1\ndata: 1", "id: m4x1-3\ndata: 3"));
}

TEST_F(SseStreamTest, AnotherEpochBeginsAnewWithTheNewestValues) {
    use("");
    fan_out("a", "1");

    const auto blocks = open({.since = ResumePoint{"other", 1}});
    ASSERT_EQ(blocks.size(), 3U);
    EXPECT_THAT(blocks[0], HasSubstr(": recovered none\n"));
    EXPECT_EQ(blocks[1], "id: m4x1-1\ndata: 1");

    const auto without = open({.snapshot = false, .since = ResumePoint{"other", 1}});
    ASSERT_EQ(without.size(), 1U);
    EXPECT_THAT(without[0], HasSubstr("id: m4x1-1"));
}

TEST_F(SseStreamTest, WhatWasMissedComesFirst) {
    use("");
    fan_out("a", "1");
    fan_out("b", "2");
    fan_out("a", "3");

    const auto blocks = open({.snapshot = false, .since = ResumePoint{"m4x1", 1}});

    ASSERT_EQ(blocks.size(), 4U);
    EXPECT_THAT(blocks[0], MatchesRegex(": recovered (full|latest)\nretry: [0-9]+"));
    EXPECT_EQ(blocks[1], "id: m4x1-2\ndata: 2");
    EXPECT_EQ(blocks[2], "id: m4x1-3\ndata: 3");
    EXPECT_EQ(blocks[3], "id: m4x1-3");
}

TEST_F(SseStreamTest, ASilenceIsBrokenWithin15SecondsAndMovesTheCursor) {
    (void)open({.topic = "plant/+"});
    for (int i = 0; i < 15 * 4; ++i) check_after(std::chrono::milliseconds(250));
    EXPECT_FALSE(exchange.take().empty());
    fan_out("other", "1");

    for (int i = 0; i < 15 * 4; ++i) check_after(std::chrono::milliseconds(250));

    EXPECT_EQ(exchange.take(), std::vector<std::string>{":\nid: m4x1-1"});
}

TEST_F(SseStreamTest, TheCursorStaysWhereSomethingWaits) {
    use("");
    (void)open();
    exchange.stalled = true;
    fan_out("a", "1");
    for (int i = 0; i < 16 * 4; ++i) check_after(std::chrono::milliseconds(250));
    EXPECT_EQ(exchange.sent, "");

    writable();

    EXPECT_THAT(exchange.take(), ElementsAre(":", "id: m4x1-1\ndata: 1"));
}

TEST_F(SseStreamTest, AReaderThatStallsForTooLongIsEndedWithAWord) {
    use("[limits.queue]\nsoft = \"1KiB\"\nhard = \"2KiB\"\nclose_after = \"10s\"\n");
    (void)open();
    EXPECT_GT(exchange.gives_up_after, seconds(10));
    exchange.stalled = true;

    for (int i = 0; i < 100; ++i)
        fan_out("a/" + std::to_string(i), "\"" + std::string(99, 'x') + '"');
    for (int i = 0; i < 11 * 4; ++i) check_after(std::chrono::milliseconds(250));

    EXPECT_TRUE(exchange.ended);
    const auto blocks = exchange.take();
    ASSERT_EQ(blocks.size(), 1U);
    EXPECT_THAT(blocks[0], MatchesRegex("retry: [0-9]+\nevent: bye\ndata: .*\"code\":4101,"
                                        "\"why\":\"limit=queue.hard max=2048\".*"));
    EXPECT_GE(metrics.updates_dropped.value(), 80U);
}

TEST_F(SseStreamTest, IsASessionUntilItsConnectionIsGone) {
    assert_on_listener_thread();
    (void)open();

    state->sessions.close_all(CloseCode::Shutdown, "shutdown");
    EXPECT_TRUE(exchange.ended);
    EXPECT_EQ(state->sessions.size(), 1U);
    EXPECT_FALSE(stream->ready());
    stream->on_gone();

    EXPECT_EQ(state->sessions.size(), 0U);
    EXPECT_EQ(disconnects(4200), 1U);
}

TEST_F(SseStreamTest, ABrowserThatLeavesIsCountedAsLost) {
    assert_on_listener_thread();
    (void)open();

    stream->on_gone();
    stream->on_gone();

    EXPECT_EQ(state->sessions.size(), 0U);
    EXPECT_EQ(disconnects(1006), 1U);
    EXPECT_EQ(stream->write("x"), SessionOutput::Written::No);
}

constexpr const char* viewers_may = R"(
[auth]
anonymous = "role:viewer"
[acl]
[[acl.rule]]
role = "viewer"
allow = ["receive", "subscribe"]
topics = ["plant/)";

TEST_F(SseStreamTest, AReloadThatTakesRightsAwayEndsIt) {
    use(std::string(viewers_may) + "#\"]\n");
    (void)open({.topic = "plant/1"});

    reload(std::string(viewers_may) + "+\"]\n");
    fan_out("plant/1", "1");
    EXPECT_THAT(exchange.take(), ElementsAre("id: m4x1-1\ndata: 1"));
    EXPECT_FALSE(exchange.ended);
    reload(std::string(viewers_may) + "2\"]\n");
    fan_out("plant/1", "2");

    EXPECT_TRUE(exchange.ended);
    EXPECT_THAT(exchange.take(), ElementsAre(HasSubstr("\"code\":4003")));
}

TEST_F(SseStreamTest, AReloadThatWantsALoginEndsIt) {
    use(std::string(viewers_may) + "#\"]\n");
    (void)open({.topic = "plant/1"});

    const PrivateFolder folder;
    reload("[auth]\n[[auth.jwt]]\nalgorithms = [\"HS256\"]\nkeys_file = \"" +
           folder.write("key", "a key of more than thirty-two bytes") + "\"\n");

    EXPECT_TRUE(exchange.ended);
    EXPECT_THAT(exchange.sent, HasSubstr("this login is not valid any more"));
}

}  // namespace
}  // namespace rtbridge
