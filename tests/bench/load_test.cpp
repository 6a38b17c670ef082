// The load generator must not be wrong where it says that a delivery is missing or late.

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "battery_payload.h"
#include "frame_reader.h"
#include "latency_histogram.h"
#include "session_pool.h"

namespace rtbridge::load {
namespace {

struct Recorder {
    std::vector<std::string> events;
    int messages = 0;
    void on_message(std::string_view payload) {
        ++messages;
        if (!payload.empty()) events.emplace_back(payload);
    }
    void on_ping(std::string_view data) { events.push_back("ping " + std::string(data)); }
    void on_close() { events.emplace_back("close"); }
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

TEST(FrameReader, CountsMessagesWhereverTheStreamIsCut) {
    const std::string stream = frame(0x81, "one") + frame(0x89, "life?") + frame(0x81, "") +
                               frame(0x01, "be") + frame(0x8A, "") + frame(0x80, "gin") +
                               frame(0x81, std::string(300, 'x')) + frame(0x88, "");
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        FrameReader reader;
        Recorder recorder;

        reader.read(stream.substr(0, cut), recorder);
        reader.read(stream.substr(cut), recorder);

        EXPECT_EQ(recorder.messages, 4) << "cut at " << cut;
        EXPECT_EQ(recorder.events.back(), "close") << "cut at " << cut;
        EXPECT_EQ(std::count(recorder.events.begin(), recorder.events.end(), "ping life?"), 1)
            << "cut at " << cut;
    }
}

TEST(FrameReader, ReadsOneByteAtATime) {
    const std::string stream = frame(0x89, "p") + frame(0x81, std::string(200, 'x'));
    FrameReader reader;
    Recorder recorder;

    for (const char byte : stream) reader.read(std::string_view(&byte, 1), recorder);

    EXPECT_EQ(recorder.messages, 1);
    EXPECT_EQ(recorder.events, std::vector<std::string>{"ping p"});
}

TEST(FrameReader, RefusesWhatNoServerMaySend) {
    const struct {
        const char* what;
        std::string bytes;
    } cases[] = {
        {"masked", std::string("\x81\x80\0\0\0\0", 6)},
        {"reserved bits", std::string("\xC1\x00", 2)},
        {"unknown opcode", std::string("\x83\x00", 2)},
        {"binary", std::string("\x82\x00", 2)},
        {"long ping", std::string("\x89\x7E\x00\x80", 4)},
        {"ping in parts", std::string("\x09\x00", 2)},
    };
    for (const auto& c : cases) {
        FrameReader reader;
        Recorder recorder;

        EXPECT_THROW(reader.read(c.bytes, recorder), std::runtime_error) << c.what;
    }
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
