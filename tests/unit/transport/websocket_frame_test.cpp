#include "transport/websocket_frame.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

// RFC 6455, 5.2: seven bits, or 126 and two bytes, or 127 and eight bytes.
TEST(WebSocketFrame, EncodesTheLengthInTheShortestForm) {
    const struct {
        std::size_t payload, header;
        std::string begins;
    } cases[] = {
        {0, 2, {'\x81', '\x00'}},
        {125, 2, {'\x81', '\x7d'}},
        {126, 4, {'\x81', '\x7e', '\x00', '\x7e'}},
        {65'535, 4, {'\x81', '\x7e', '\xff', '\xff'}},
        {65'536, 10, {'\x81', '\x7f', 0, 0, 0, 0, 0, 1, 0, 0}},
    };
    for (const auto& c : cases) {
        const std::string frame = websocket_frame(Opcode::Text, std::string(c.payload, 'x'));
        EXPECT_EQ(frame.size(), c.header + c.payload);
        EXPECT_TRUE(frame.starts_with(c.begins)) << c.payload;
    }
}

TEST(WebSocketFrame, PlainModeIsThePayloadAndNothingAroundIt) {
    Update update;
    update.payload = R"({"a":1})";

    EXPECT_EQ(*PlainWebSocketShape().encode(update, Delivery::Live), "\x81\x07{\"a\":1}");
    EXPECT_TRUE(PlainWebSocketShape().carries(update));
    for (const PayloadShape shape : {PayloadShape::Text, PayloadShape::Binary}) {
        update.shape = shape;
        EXPECT_FALSE(PlainWebSocketShape().carries(update));
    }
}

TEST(WebSocketFrame, BinaryFramesAreAsLongAsTheyLike) {
    EXPECT_TRUE(websocket_frame(Opcode::Binary, std::string(70'000, 'x')).starts_with("\x82\x7f"));
}

TEST(WebSocketFrame, APingIsTwoBytes) {
    EXPECT_EQ(websocket_frame(Opcode::Ping, {}), std::string("\x89\x00", 2));
}

}  // namespace
}  // namespace rtbridge
