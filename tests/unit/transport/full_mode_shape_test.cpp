#include "transport/full_mode_shape.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "listener/updates.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

UpdatePtr update_at(std::uint64_t offset, std::string topic, std::string payload,
                    PayloadShape shape = PayloadShape::Json, std::string key = {}) {
    Update update = *make_update(std::move(topic), std::move(payload), std::move(key), shape);
    update.offset = offset;
    update.unix_ms = 1700;
    return std::make_shared<const Update>(std::move(update));
}

std::string text_of(const FullModeShape& shape, const UpdatePtr& update,
                    Delivery delivery = Delivery::Live) {
    return std::string(frame_payload(*shape.encode(*update, delivery)));
}

// The payloads of frames that stand one behind the other.
std::vector<std::string> texts_in(std::string_view frames) {
    std::vector<std::string> texts;
    while (!frames.empty()) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(frames[i]); };
        std::size_t header = 2;
        std::size_t bytes = byte(1);
        if (bytes == 126) {
            header = 4;
            bytes = (byte(2) << 8U) + byte(3);
        } else if (bytes == 127) {
            header = 10;
            bytes = 0;
            for (std::size_t i = 2; i < 10; ++i) bytes = (bytes << 8U) + byte(i);
        }
        EXPECT_EQ(byte(0), 0x81U);
        texts.emplace_back(frames.substr(header, bytes));
        frames.remove_prefix(header + bytes);
    }
    return texts;
}

TEST(FullModeShape, AnUpdateIsOneObjectWithItsPayloadAsItCame) {
    const FullModeShape shape(1, Batching::Off);

    EXPECT_EQ(text_of(shape, update_at(5, "plant/7", R"({"a": 1.50})")),
              R"({"s":1,"t":"plant/7","o":5,"ts":1700,"d":{"a": 1.50}})");
    EXPECT_EQ(
        text_of(shape, update_at(5, "a\"b", "1", PayloadShape::Json, "anna"), Delivery::Replayed),
        R"({"s":1,"t":"a\"b","k":"anna","o":5,"ts":1700,"r":1,"d":1})");
}

TEST(FullModeShape, WhatIsNoJsonGoesAsTextOrBytes) {
    const FullModeShape shape(2, Batching::Off);

    EXPECT_EQ(text_of(shape, update_at(5, "t", "a\n\"", PayloadShape::Text)),
              R"({"s":2,"t":"t","o":5,"ts":1700,"x":"a\n\""})");
    EXPECT_EQ(text_of(shape, update_at(5, "t", std::string("\xff\0", 2), PayloadShape::Binary)),
              R"({"s":2,"t":"t","o":5,"ts":1700,"b64":"/wA="})");
    EXPECT_TRUE(shape.carries(*update_at(5, "t", "\xff", PayloadShape::Binary)));
    EXPECT_FALSE(shape.carries(*update_at(5, "t", "", PayloadShape::Cleared)));
}

TEST(FullModeShape, TellsOfGapsAndEnds) {
    const FullModeShape shape(3, Batching::On);

    EXPECT_EQ(frame_payload(shape.gap({10, 20, 7, GapReason::Overload})),
              R"({"s":3,"gap":{"from":10,"to":20,"n":7,"why":"overload"}})");
    EXPECT_EQ(frame_payload(shape.caught_up(90)), R"({"s":3,"eos":90})");
    EXPECT_EQ(frame_payload(shape.ended("no \"a\"")),
              R"({"s":3,"end":{"code":"forbidden","n":103,"msg":"no \"a\""}})");
}

TEST(FullModeShape, WithBatchingSeveralObjectsAreOneArray) {
    const FullModeShape single(1, Batching::Off), batched(1, Batching::On), other(2, Batching::On);
    const FramePtr first = batched.encode(*update_at(1, "a", "1"), Delivery::Live);
    const FramePtr second =
        other.encode(*update_at(2, "b", '"' + std::string(300, 'x') + '"'), Delivery::Live);
    const std::string gap = other.gap({3, 3, 1, GapReason::Slow});
    const std::vector<std::string_view> frames = {*first, gap, *second};

    std::string out = "before";
    batched.append(out, frames);
    const auto texts = texts_in(std::string_view(out).substr(6));
    ASSERT_EQ(texts.size(), 1U);
    const auto array = nlohmann::json::parse(texts[0]);
    ASSERT_EQ(array.size(), 3U);
    EXPECT_EQ(array[1]["gap"]["n"], 1);
    EXPECT_EQ(array[2]["s"], 2);

    std::string apart;
    single.append(apart, frames);
    EXPECT_EQ(apart, *first + gap + *second);
    std::string alone;
    batched.append(alone, std::vector<std::string_view>{*first});
    EXPECT_EQ(alone, *first);
}

TEST(FullModeShape, AnArrayIsNotLargerThan64KiB) {
    const FullModeShape shape(1, Batching::On);
    std::vector<FramePtr> kept;
    for (const std::size_t bytes :
         {10U, 30'000U, 35'000U, 300U, 70'000U, 10U, 65'400U, 65'450U, 10U}) {
        kept.push_back(
            shape.encode(*update_at(1, "a", '"' + std::string(bytes, 'x') + '"'), Delivery::Live));
    }
    const std::vector<std::string_view> frames = [&] {
        std::vector<std::string_view> views;
        views.reserve(kept.size());
        for (const FramePtr& frame : kept) views.push_back(*frame);
        return views;
    }();

    std::string out;
    shape.append(out, frames);

    std::size_t objects = 0;
    for (const std::string& text : texts_in(out)) {
        const auto json = nlohmann::json::parse(text);
        objects += json.is_array() ? json.size() : 1;
        EXPECT_TRUE(!json.is_array() || text.size() <= 65'536U);
    }
    EXPECT_EQ(objects, frames.size());
}

TEST(FullModeShapes, SessionsWithTheSameNumberShareAShape) {
    FullModeShapes shapes;

    const FullModeShape* const third = &shapes.of(3, Batching::On);

    EXPECT_EQ(third, &shapes.of(3, Batching::On));
    EXPECT_NE(third, &shapes.of(3, Batching::Off));
    EXPECT_NE(third, &shapes.of(1, Batching::On));
    EXPECT_EQ(frame_payload(third->caught_up(0)), R"({"s":3,"eos":0})");
}

}  // namespace
}  // namespace rtbridge
