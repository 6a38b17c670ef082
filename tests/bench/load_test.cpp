// The load generator must not be wrong where it says that a delivery is missing or late.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "battery_payload.h"
#include "frame_reader.h"
#include "latency_histogram.h"
#include "session_pool.h"
#include "wire.h"

namespace rtbridge::load {
namespace {

struct FrameRecorder {
    std::vector<std::string> events;
    void on_frame(Opcode opcode, std::string_view payload) {
        const char* const kind = opcode == Opcode::Text     ? "text "
                                 : opcode == Opcode::Binary ? "binary "
                                 : opcode == Opcode::Ping   ? "ping "
                                                            : "close ";
        events.push_back(kind + std::string(payload));
    }
};

struct WireRecorder final : WireSink {
    std::vector<std::string> messages;
    std::string sent;
    int closes = 0;
    void on_message(std::string_view payload) override { messages.emplace_back(payload); }
    void on_close() override { ++closes; }
    void send(std::string_view bytes) override { sent += bytes; }
};

std::string frame(int first, std::string_view payload) {
    std::string bytes(1, static_cast<char>(first));
    if (payload.size() < 126) {
        bytes += static_cast<char>(payload.size());
    } else {
        bytes += {126, static_cast<char>(payload.size() >> 8U), static_cast<char>(payload.size())};
    }
    return bytes + std::string(payload);
}

std::string text_frame(std::string_view payload) {
    return frame(0x81, payload);
}

std::string binary_frame(std::string_view payload) {
    return frame(0x82, payload);
}

TEST(FrameReader, FindsEachMessageWhereverTheStreamIsCut) {
    const std::string stream = frame(0x81, "one") + frame(0x89, "life?") + frame(0x81, "") +
                               frame(0x01, "be") + frame(0x8A, "") + frame(0x80, "gin") +
                               frame(0x82, std::string(300, 'x')) + frame(0x88, "");
    const std::vector<std::string> expected{
        "text one", "ping life?", "text ", "text begin", "binary " + std::string(300, 'x'),
        "close "};
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        FrameReader reader;
        FrameRecorder recorder;

        reader.read(std::string_view(stream).substr(0, cut), recorder);
        reader.read(std::string_view(stream).substr(cut), recorder);

        EXPECT_EQ(recorder.events, expected) << "cut at " << cut;
    }
}

TEST(FrameReader, ReadsOneByteAtATime) {
    const std::string stream = frame(0x89, "p") + frame(0x81, std::string(200, 'x'));
    FrameReader reader;
    FrameRecorder recorder;

    for (const char byte : stream) reader.read(std::string_view(&byte, 1), recorder);

    EXPECT_EQ(recorder.events,
              (std::vector<std::string>{"ping p", "text " + std::string(200, 'x')}));
}

TEST(FrameReader, RefusesWhatNoServerMaySend) {
    const struct {
        const char* what;
        std::string bytes;
    } cases[] = {
        {"masked", std::string("\x81\x80\0\0\0\0", 6)},
        {"reserved bits", std::string("\xC1\x00", 2)},
        {"unknown opcode", std::string("\x83\x00", 2)},
        {"unknown control opcode", std::string("\x8B\x00", 2)},
        {"long ping", std::string("\x89\x7E\x00\x80", 4)},
        {"ping in parts", std::string("\x09\x00", 2)},
        {"huge", std::string("\x81\x7F\x00\x00\x01\0\0\0\0\0", 10)},
    };
    for (const auto& c : cases) {
        FrameReader reader;
        FrameRecorder recorder;

        EXPECT_THROW(reader.read(c.bytes, recorder), std::runtime_error) << c.what;
    }
}

TEST(ClientFrame, IsMaskedWithZeros) {
    EXPECT_EQ(client_frame(Opcode::Text, "hi"), std::string("\x81\x82\0\0\0\0hi", 8));
    EXPECT_EQ(client_frame(Opcode::Binary, std::string(200, 'x')).substr(0, 8),
              std::string("\x82\xFE\x00\xC8\0\0\0\0", 8));
}

TEST(WireConversation, PlainIsOneMessagePerTextFrame) {
    WireConversation conversation(Wire::Plain, "");
    WireRecorder recorder;

    conversation.begin(recorder);
    EXPECT_TRUE(conversation.ready());
    conversation.read(text_frame("a") + frame(0x89, "life?") + text_frame("b") + frame(0x88, ""),
                      recorder);

    EXPECT_EQ(recorder.messages, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(recorder.sent, client_frame(Opcode::Pong, "life?"));
    EXPECT_EQ(recorder.closes, 1);
    EXPECT_THROW(conversation.read(binary_frame("x"), recorder), std::runtime_error);
}

TEST(WireConversation, RtbridgeV1SubscribesAndCountsUpdatesInBatchesToo) {
    WireConversation conversation(Wire::RtbridgeV1, "battery/topic");
    WireRecorder recorder;

    conversation.begin(recorder);
    EXPECT_NE(recorder.sent.find(R"("topics":["battery/topic"])"), std::string::npos);
    conversation.read(text_frame(R"({"re":1,"ok":{"session":"k3v9"}})"), recorder);
    EXPECT_FALSE(conversation.ready());
    conversation.read(text_frame(R"({"re":2,"ok":{"sub":1,"offset":1}})"), recorder);
    EXPECT_TRUE(conversation.ready());
    EXPECT_TRUE(recorder.messages.empty());

    const std::string update =
        R"({"s":1,"t":"battery/topic","o":2,"ts":1,"d":)" + battery_payload(7) + "}";
    conversation.read(text_frame(update), recorder);
    conversation.read(text_frame("[" + update + "," + update + "]"), recorder);
    conversation.read(text_frame(R"({"s":1,"gap":{"from":1,"to":2,"n":1,"why":"slow"}})"),
                      recorder);
    ASSERT_EQ(recorder.messages.size(), 3U);
    for (const std::string& message : recorder.messages) EXPECT_EQ(sent_ns_of(message), 7);

    recorder.sent.clear();
    conversation.read(text_frame(R"({"p":1})"), recorder);
    EXPECT_EQ(recorder.sent, client_frame(Opcode::Text, R"({"q":0})"));
}

TEST(WireConversation, RtbridgeV1TakesRepliesInABatch) {
    WireConversation conversation(Wire::RtbridgeV1, "#");
    WireRecorder recorder;
    conversation.read(text_frame(R"([{"re":1,"ok":{}},{"re":2,"ok":{"sub":1}}])"), recorder);
    EXPECT_TRUE(conversation.ready());
}

TEST(WireConversation, SocketIoConnectsAnswersPingsAndCountsEvents) {
    WireConversation conversation(Wire::SocketIo, "");
    WireRecorder recorder;

    conversation.begin(recorder);
    EXPECT_TRUE(recorder.sent.empty());
    conversation.read(text_frame(R"(0{"sid":"a","upgrades":[]})"), recorder);
    EXPECT_EQ(recorder.sent, client_frame(Opcode::Text, "40"));
    EXPECT_FALSE(conversation.ready());
    conversation.read(text_frame(R"(40{"sid":"b"})"), recorder);
    EXPECT_TRUE(conversation.ready());

    recorder.sent.clear();
    conversation.read(text_frame("2") + text_frame(R"(42["battery",{}])"), recorder);
    EXPECT_EQ(recorder.sent, client_frame(Opcode::Text, "3"));
    EXPECT_EQ(recorder.messages.size(), 1U);
}

TEST(WireConversation, MqttSubscribesAndFindsPacketsWhereverFramesAreCut) {
    std::string stream;
    for (const int ns : {1, 2}) {
        append_publish_packet(stream, "battery/topic", battery_payload(ns), Qos::AtMostOnce, 0);
    }
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        WireConversation conversation(Wire::Mqtt, "battery/topic");
        WireRecorder recorder;

        conversation.begin(recorder);
        EXPECT_EQ(recorder.sent, client_frame(Opcode::Binary, connect_packet("")));
        recorder.sent.clear();
        conversation.read(binary_frame(std::string("\x20\x02\0\0", 4)), recorder);
        EXPECT_EQ(recorder.sent,
                  client_frame(Opcode::Binary, subscribe_packet("battery/topic", Qos::AtMostOnce)));
        EXPECT_FALSE(conversation.ready());
        conversation.read(binary_frame(std::string("\x90\x03\0\1\0", 5)), recorder);
        EXPECT_TRUE(conversation.ready());

        conversation.read(binary_frame(stream.substr(0, cut)) + binary_frame(stream.substr(cut)),
                          recorder);
        EXPECT_EQ(recorder.messages,
                  (std::vector<std::string>{battery_payload(1), battery_payload(2)}))
            << "cut at " << cut;
    }
}

TEST(WireConversation, ThrowsWhenTheServerRefuses) {
    const struct {
        Wire wire;
        std::string bytes;
    } cases[] = {
        {Wire::RtbridgeV1, text_frame(R"({"re":2,"err":{"code":"forbidden"}})")},
        {Wire::RtbridgeV1, text_frame(R"({"op":"bye","code":4200})")},
        {Wire::RtbridgeV1, text_frame("no JSON")},
        {Wire::SocketIo, text_frame(R"(44{"message":"Invalid namespace"})")},
        {Wire::SocketIo, binary_frame("x")},
        {Wire::Mqtt, text_frame("x")},
        {Wire::Mqtt, binary_frame(std::string("\x20\x02\0\5", 4))},
        {Wire::Mqtt, binary_frame(std::string("\x90\x03\0\1\x80", 5))},
        {Wire::Mqtt, binary_frame(std::string("\x30\x02\0\5", 4))},
        {Wire::Mqtt, binary_frame(std::string("\x30\xFF\xFF\xFF\xFF\1", 6))},
        {Wire::Mqtt, binary_frame(std::string("\xD0\0", 2))},
    };
    for (const auto& c : cases) {
        WireConversation conversation(c.wire, "battery/topic");
        WireRecorder recorder;

        EXPECT_THROW(conversation.read(c.bytes, recorder), std::runtime_error)
            << static_cast<int>(c.wire) << ' ' << c.bytes;
    }
}

TEST(Wire, IsKnownByName) {
    EXPECT_EQ(parse_wire("rtbridge.v1"), Wire::RtbridgeV1);
    EXPECT_EQ(parse_wire("socket.io"), Wire::SocketIo);
    EXPECT_EQ(parse_wire("carrier pigeon"), std::nullopt);
    EXPECT_EQ(subprotocol_of(Wire::Mqtt), "mqtt");
    EXPECT_EQ(subprotocol_of(Wire::Plain), "");
}

// A server's end of a session of `pool`.
Descriptor adopted_by(SessionPool& pool) {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    pool.adopt(Descriptor(ends[0]));
    return Descriptor(ends[1]);
}

TEST(SessionPool, CountsWhatAServerThatHangsUpLeavesOut) {
    SessionPool pool(Losses::Count);
    const Descriptor steady = adopted_by(pool);
    {
        const Descriptor cut_off = adopted_by(pool);
        send_all(cut_off.number(), text_frame("1"));
    }
    send_all(steady.number(), text_frame("1") + text_frame("2"));
    while (pool.closed() == 0 || pool.delivered() < 3) ASSERT_TRUE(pool.poll(5'000'000'000));

    EXPECT_EQ(pool.closed(), 1U);
    EXPECT_EQ(pool.delivered_to_slowest(), 2U);
    EXPECT_EQ(pool.due(2), pool.delivered());  // nothing more to wait for
    EXPECT_EQ(pool.missing(2), 1U);
    EXPECT_EQ(pool.missing(3), 3U);
}

TEST(SessionPool, SaysWhenNoSessionIsLeft) {
    SessionPool pool(Losses::Count);
    send_all(adopted_by(pool).number(), frame(0x88, ""));
    while (pool.closed() == 0) ASSERT_TRUE(pool.poll(5'000'000'000));

    EXPECT_THROW((void)pool.delivered_to_slowest(), std::runtime_error);
}

TEST(SessionPool, ThrowsWhenLossesAreNotExpected) {
    SessionPool hung_up;
    (void)adopted_by(hung_up);
    EXPECT_THROW(hung_up.poll(5'000'000'000), std::runtime_error);

    SessionPool closed;
    const Descriptor server = adopted_by(closed);
    send_all(server.number(), frame(0x88, ""));
    EXPECT_THROW(closed.poll(5'000'000'000), std::runtime_error);
}

TEST(LatencyHistogram, IsExactBelow64NanosecondsAndWithinTwoPercentAbove) {
    for (const std::int64_t ns : {0L, 1L, 63L, 64L, 65L, 127L, 128L, 1'000L, 123'456L,
                                  2'000'000'000L, 4'000'000'000'000L}) {
        LatencyHistogram histogram;
        histogram.add(ns);
        histogram.add(ns * 4);  // or the percentile would be cut to the maximum

        const auto measured = static_cast<double>(histogram.percentile_ns(0.5));

        EXPECT_GE(measured, static_cast<double>(ns));
        EXPECT_LE(measured, static_cast<double>(ns) * (ns < 64 ? 1.0 : 1.016));
    }
}

TEST(LatencyHistogram, PercentilesCountValues) {
    LatencyHistogram histogram;
    for (int ns = 1; ns <= 50; ++ns) histogram.add(ns);

    EXPECT_EQ(histogram.percentile_ns(0.5), 25);
    EXPECT_EQ(histogram.percentile_ns(0.9), 45);
    EXPECT_EQ(histogram.percentile_ns(1), 50);
    EXPECT_EQ(histogram.max_ns(), 50);
    EXPECT_EQ(LatencyHistogram().percentile_ns(0.5), 0);
}

TEST(BatteryPayload, CarriesItsSendTimeWhereverEnrichmentPutsTheState) {
    const std::string payload = battery_payload(123);
    EXPECT_EQ(payload.size(), battery_payload_bytes);
    EXPECT_EQ(sent_ns_of(payload), 123);
    EXPECT_EQ(sent_ns_of(enriched_payload(456)), 456);
    EXPECT_EQ(sent_ns_of(R"({"state":"Charging",)" + payload.substr(1)), 123);

    std::string stamped = enriched_payload(1);
    stamp(stamped.data(), 98'765'432'101);
    EXPECT_EQ(sent_ns_of(stamped), 98'765'432'101);
}

TEST(BatteryPayload, HasNoTimeInOtherText) {
    for (const char* const text : {"", "{}", R"({"ts":12})", R"({"ts":"1000000000000000000"})"}) {
        EXPECT_FALSE(sent_ns_of(text)) << text;
    }
}

TEST(WebSocketUrl, IsSplitIntoAuthorityAndTarget) {
    const WebSocketUrl url = WebSocketUrl::parse("ws://127.0.0.1:8080/ws?userId=user-1");

    EXPECT_EQ(url.authority, "127.0.0.1:8080");
    EXPECT_EQ(url.target, "/ws?userId=user-1");
    EXPECT_THROW((void)WebSocketUrl::parse("http://127.0.0.1:8080/ws"), std::runtime_error);
    EXPECT_THROW((void)WebSocketUrl::parse("ws://127.0.0.1:8080"), std::runtime_error);
}

}  // namespace
}  // namespace rtbridge::load
