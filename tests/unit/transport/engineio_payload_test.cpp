#include "transport/engineio_payload.h"

#include <gtest/gtest.h>

#include <string>

namespace rtbridge {
namespace {

// "4:hello" for text with its type, "b:bytes" for binary, "!" for a mistake, ";" between.
std::string told(std::string_view payload) {
    using Read = EngineIoPayloadReader::Read;
    EngineIoPayloadReader reader(payload);
    std::string text;
    while (true) {
        const Read read = reader.next();
        if (read == Read::End) return text;
        if (!text.empty()) text += ';';
        if (read == Read::Mistake) return text + '!';
        if (read == Read::Text) {
            text += static_cast<char>(reader.text().type);
            text.append(":").append(reader.text().data);
        } else {
            text.append("b:").append(reader.binary());
        }
    }
}

TEST(EngineIoPayload, IsReadPacketByPacket) {
    const struct {
        std::string_view payload, told;
    } cases[] = {
        {"4hello", "4:hello"},
        {"4", "4:"},
        {"3\x1e"
         "4a\x1e"
         "6",
         "3:;4:a;6:"},
        {"4€\x1e"
         "bAQID",
         "4:€;b:\x01\x02\x03"},
        {"bAQ==", "b:\x01"},
        {"bAQ", "b:\x01"},
        {"b", "b:"},
        {"0{}", "0:{}"},
        {"2probe", "2:probe"},
    };
    for (const auto& c : cases) EXPECT_EQ(told(c.payload), c.told) << c.payload;
}

TEST(EngineIoPayload, EndsAtTheFirstMistake) {
    const struct {
        std::string_view payload, told;
    } cases[] = {
        {"", "!"},
        {"abc", "!"},
        {"7", "!"},
        {"\x1e", "!"},
        {"4a\x1e", "4:a;!"},
        {"\x1e"
         "4a",
         "!"},
        {"4a\x1e\x1e"
         "4b",
         "4:a;!"},
        {"bA", "!"},
        {"bAQ=", "!"},
        {"b!!!!", "!"},
        {"bAQID====", "!"},
        {"4a\x1e"
         "b \x1e"
         "4b",
         "4:a;!"},
        {"-1", "!"},
        // Of version 3: length in front.
        {"6:4hello", "6::4hello"},
    };
    for (const auto& c : cases) EXPECT_EQ(told(c.payload), c.told) << c.payload;
}

TEST(EngineIoPayload, IsJoinedBySeparatorsWithNoneAtTheEnds) {
    EngineIoPayload payload;
    payload.add_text("4a");
    EXPECT_EQ(payload.bytes(), 2U);
    payload.add_binary("\x01\x02\x03");
    payload.add_text("2");

    EXPECT_EQ(payload.take(),
              "4a\x1e"
              "bAQID\x1e"
              "2");
    EXPECT_TRUE(EngineIoPayload().empty());
    EXPECT_EQ(engineio_packet(EngineIoType::Message, "x"), "4x");
}

}  // namespace
}  // namespace rtbridge
