#include "transport/sse_shape.h"

#include <gtest/gtest.h>

#include <charconv>

#include "listener/updates.h"
#include "transport/sse_place.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;

const SseShape chunks("m4x1", {});
const SseShape bare("m4x1", {SseShape::Framing::Bare, SseShape::Events::Named});
const SseShape unnamed("m4x1", {SseShape::Framing::Bare, SseShape::Events::Unnamed});
const SseShape frames("m4x1", {SseShape::Framing::Bare, SseShape::Events::Frames});

Update update_at(std::uint64_t offset, std::string payload) {
    Update update;
    update.offset = offset;
    update.topic = "plant/7";
    update.payload = std::move(payload);
    return update;
}

std::string data_of(std::string body) {
    return *bare.encode(update_at(7, std::move(body)), Delivery::Live);
}

// What is in the one chunk that `bytes` are.
std::string in_chunk(std::string_view bytes) {
    std::size_t length = 0;
    const char* const end = bytes.data() + bytes.size();
    const char* const stop = std::from_chars(bytes.data(), end, length, 16).ptr;
    const std::string_view rest(stop, static_cast<std::size_t>(end - stop));
    EXPECT_TRUE(rest.starts_with("\r\n") && rest.ends_with("\r\n")) << bytes;
    EXPECT_EQ(rest.size(), length + 4) << bytes;
    return std::string(rest.substr(2, length));
}

TEST(SseShape, AnUpdateIsOneBlockInOneChunk) {
    const FramePtr frame = chunks.encode(update_at(90833, R"({"soc":71.4})"), Delivery::Live);

    EXPECT_EQ(in_chunk(*frame), "id: m4x1-90833\ndata: {\"soc\":71.4}\n\n");
}

TEST(SseShape, HttpWithoutChunksGetsTheBlockAsItIs) {
    EXPECT_EQ(data_of("1"), "id: m4x1-7\ndata: 1\n\n");
}

TEST(SseShape, AnEventIsNamedWhereItsRuleNamesOne) {
    Update update = update_at(7, "1");
    update.event = "sensorData";

    EXPECT_EQ(*bare.encode(update, Delivery::Live), "id: m4x1-7\nevent: sensorData\ndata: 1\n\n");
    EXPECT_EQ(*unnamed.encode(update, Delivery::Live), "id: m4x1-7\ndata: 1\n\n");
}

TEST(SseShape, ABodyIsSplitAtEveryLineEnd) {
    const struct {
        const char *body, *fields;
    } cases[] = {
        {"", "data: \n"},
        {"a\nb", "data: a\ndata: b\n"},
        {"a\rb", "data: a\ndata: b\n"},
        {"a\r\nb", "data: a\ndata: b\n"},
        {"a\n\rb", "data: a\ndata: \ndata: b\n"},
        {"a\r\r\n\nb\n", "data: a\ndata: \ndata: \ndata: b\ndata: \n"},
        {"\n", "data: \ndata: \n"},
        {" a", "data:  a\n"},  // a browser takes one blank away
        {"a\nid: 9\nretry: 1", "data: a\ndata: id: 9\ndata: retry: 1\n"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(data_of(c.body), std::string("id: m4x1-7\n") + c.fields + "\n") << c.body;
    }
}

TEST(SseShape, ABodyOfTheTransportReplacesThePayload) {
    Update update = update_at(7, "not JSON");
    update.shape = PayloadShape::Text;
    EXPECT_FALSE(chunks.carries(update));

    update.sse_body = R"({"text":"not JSON"})";

    EXPECT_TRUE(chunks.carries(update));
    EXPECT_EQ(*bare.encode(update, Delivery::Live),
              "id: m4x1-7\ndata: {\"text\":\"not JSON\"}\n\n");
}

TEST(SseShape, OtherPayloadsThanJsonAreNotCarried) {
    Update update = update_at(7, "x");
    for (const PayloadShape shape :
         {PayloadShape::Text, PayloadShape::Binary, PayloadShape::Cleared}) {
        update.shape = shape;
        EXPECT_FALSE(chunks.carries(update));
    }
}

TEST(SseShape, FramesSayWhatRtbridgeV1Says) {
    Update update = update_at(7, "{\"a\":\n1}");
    update.event = "sensorData";
    update.unix_ms = 5;

    EXPECT_EQ(*frames.encode(update, Delivery::Live),
              "id: m4x1-7\ndata: {\"t\":\"plant/7\",\"o\":7,\"ts\":5,\"d\":{\"a\":\ndata: 1}}\n\n");
    EXPECT_EQ(*frames.encode(update, Delivery::Unordered),
              "data: {\"t\":\"plant/7\",\"o\":7,\"ts\":5,\"r\":1,\"d\":{\"a\":\ndata: 1}}\n\n");
    update.shape = PayloadShape::Text;
    update.payload = "no JSON";
    EXPECT_TRUE(frames.carries(update));
    EXPECT_EQ(*frames.encode(update, Delivery::Live),
              "id: m4x1-7\ndata: {\"t\":\"plant/7\",\"o\":7,\"ts\":5,\"x\":\"no JSON\"}\n\n");

    const Gap gap{.from = 8, .to = 12, .n = 3, .why = GapReason::Slow};
    EXPECT_EQ(frames.gap(gap),
              "data: {\"gap\":{\"from\":8,\"to\":12,\"n\":3,\"why\":\"slow\"}}\n\n");
    EXPECT_EQ(bare.gap(gap), "");
}

TEST(SseShape, OnlyABlockAfterWhichNothingIsMissingHasAnId) {
    EXPECT_EQ(*bare.encode(update_at(7, "1"), Delivery::Replayed), "id: m4x1-7\ndata: 1\n\n");
    EXPECT_EQ(*bare.encode(update_at(7, "1"), Delivery::Unordered), "data: 1\n\n");
}

TEST(SseShape, AnIdAloneMovesTheCursor) {
    EXPECT_EQ(in_chunk(chunks.caught_up(90)), "id: m4x1-90\n\n");
    EXPECT_EQ(bare.gap({1, 5, 3, GapReason::Slow}), "");  // what follows moves it
}

TEST(SseShape, SaysSomethingAtOnceAndWhenNothingElseIsSaid) {
    EXPECT_EQ(in_chunk(chunks.opening("hello", milliseconds(1500), std::nullopt)),
              ": hello\nretry: 1500\n\n");
    EXPECT_EQ(bare.opening("hello", milliseconds(1500), 9), ": hello\nretry: 1500\nid: m4x1-9\n\n");
    EXPECT_EQ(bare.alive(std::nullopt), ":\n\n");
    EXPECT_EQ(in_chunk(chunks.alive(12)), ":\nid: m4x1-12\n\n");
}

TEST(SseShape, ByeSaysWhyAndWhenToComeBack) {
    const RetryWindow window{milliseconds(1000), milliseconds(3000)};

    EXPECT_EQ(sse_farewell(CloseCode::Shutdown, "shutdown", window, 0.5),
              "retry: 2000\nevent: bye\ndata: {\"op\":\"bye\",\"code\":4200,\"why\":\"shutdown\","
              "\"retry\":{\"min\":1000,\"max\":3000}}\n\n");
    EXPECT_EQ(sse_farewell(CloseCode::Forbidden, "no\nmore", std::nullopt, 0.5),
              "event: bye\ndata: {\"op\":\"bye\",\"code\":4003,\"why\":\"no\\nmore\"}\n\n");
}

TEST(SseShapes, WhoWantsTheSameGetsTheSameObject) {
    const SseShapes shapes("m4x1");
    const SseShape::Form other{SseShape::Framing::Bare, SseShape::Events::Unnamed};

    EXPECT_EQ(&shapes.of({}), &shapes.of({}));
    EXPECT_NE(&shapes.of({}), &shapes.of(other));
    EXPECT_EQ(shapes.of(other).caught_up(1), "id: m4x1-1\n\n");
}

TEST(SsePlace, ComesBackAsItWent) {
    const auto place = read_sse_place(sse_place("m4x1", 90833));

    ASSERT_TRUE(place);
    EXPECT_EQ(place->epoch, "m4x1");
    EXPECT_EQ(place->offset, 90833U);
}

TEST(SsePlace, WhatIsNoneIsNone) {
    for (const char* const text : {"", "-", "m4x1", "m4x1-", "-7", "m4x1-7x", "m4x1--", "m4x1- 7",
                                   "m4x1-+7", "m4x1-18446744073709551616", "m4x1-7\n"}) {
        EXPECT_FALSE(read_sse_place(text)) << text;
    }
    EXPECT_EQ(read_sse_place("a-b-18446744073709551615")->epoch, "a-b");
}

}  // namespace
}  // namespace rtbridge
