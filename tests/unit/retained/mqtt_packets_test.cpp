#include "retained/mqtt_packets.h"

#include <gtest/gtest.h>

#include <vector>

namespace rtbridge {
namespace {

using namespace std::string_literals;
using Status = MqttPacketReader::Status;

TEST(MqttPackets, ConnectIsThatOfMqtt311) {
    EXPECT_EQ(connect_packet({.client_id = "id"}, 60), "\x10\x0e\0\4MQTT\4\x02\0\x3c\0\2id"s);
    EXPECT_EQ(connect_packet({"id", "me", "pw"}, 60),
              "\x10\x16\0\4MQTT\4\xc2\0\x3c\0\2id\0\2me\0\2pw"s);
}

TEST(MqttPackets, SubscribeAsksForQosZero) {
    const std::vector<std::string> filters = {"a/#", "b"};
    EXPECT_EQ(subscribe_packet(258, filters), "\x82\x0c\1\2\0\3a/#\0\0\1b\0"s);
}

TEST(MqttPackets, LengthsAreWrittenInSevenBits) {
    const std::vector<std::string> filters = {std::string(200, 'a')};
    const std::string packet = subscribe_packet(1, filters);
    EXPECT_EQ(packet.substr(0, 3), "\x82\xcd\x01"s);  // 205
    EXPECT_EQ(packet.size(), 3U + 205U);
}

TEST(MqttPackets, OthersAreBare) {
    EXPECT_EQ(bare_packet(MqttPacketType::Pingreq), "\xc0\0"s);
    EXPECT_EQ(bare_packet(MqttPacketType::Disconnect), "\xe0\0"s);
}

TEST(MqttPackets, APublishIsTopicAndPayload) {
    const std::string body = "\0\3a/bxyz"s;  // what is parsed are views into it
    const auto publish = parse_publish(1, body);
    ASSERT_TRUE(publish);
    EXPECT_EQ(publish->topic, "a/b");
    EXPECT_EQ(publish->payload, "xyz");
    EXPECT_TRUE(publish->retain);
    EXPECT_FALSE(parse_publish(0, "\0\1ax"s)->retain);
    EXPECT_TRUE(parse_publish(0, "\0\1a"s)->payload.empty());
}

TEST(MqttPackets, RefusesAPublishThatIsNone) {
    const struct {
        std::uint8_t flags;
        std::string body;
        const char* what;
    } cases[] = {
        {0, "", "nothing"},
        {0, "\0"s, "half a length"},
        {0, "\0\5abc"s, "a topic that ends early"},
        {0, "\0\0abc"s, "no topic"},
        {2, "\0\1a\0\1x"s, "QoS 1, which nobody asked for"},
        {6, "\0\1a\0\1x"s, "QoS 3"},
    };
    for (const auto& c : cases) EXPECT_FALSE(parse_publish(c.flags, c.body)) << c.what;
}

TEST(MqttPacketReader, CutsAStreamHoweverItComes) {
    const std::string stream = "\x20\2\0\0"s + "\x31\xc8\1"s + std::string(200, 'x') + "\xd0\0"s;
    for (const std::size_t step : {1U, 3U, 1000U}) {
        MqttPacketReader reader(1000);
        std::vector<std::string> got;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            reader.append(std::string_view(stream).substr(at, step));
            MqttPacketReader::Packet packet;
            while (reader.next(packet) == Status::Packet) {
                got.push_back(std::to_string(static_cast<int>(packet.type)) + ":" +
                              std::to_string(packet.flags) + ":" +
                              std::to_string(packet.body.size()));
            }
        }
        EXPECT_EQ(got, (std::vector<std::string>{"2:0:2", "3:1:200", "13:0:0"})) << step;
    }
}

TEST(MqttPacketReader, LeavesOutWhatIsTooLargeAndGoesOn) {
    const std::string stream = "\x31\xc8\1"s + std::string(200, 'x') + "\xd0\0"s;
    for (const std::size_t step : {1U, 50U, 1000U}) {
        MqttPacketReader reader(100);
        std::vector<std::string> got;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            reader.append(std::string_view(stream).substr(at, step));
            MqttPacketReader::Packet packet;
            while (reader.next(packet) == Status::Packet) {
                got.push_back(std::to_string(static_cast<int>(packet.type)) +
                              (packet.too_large ? " too large" : ""));
                EXPECT_EQ(packet.body, "");
            }
        }
        EXPECT_EQ(got, (std::vector<std::string>{"3 too large", "13"})) << step;
    }
}

TEST(MqttPacketReader, KnowsWhatIsNoMqtt) {
    MqttPacketReader reader(100);
    reader.append("\x30\xff\xff\xff\xff\x01"s);
    MqttPacketReader::Packet packet;
    EXPECT_EQ(reader.next(packet), Status::Malformed);
}

}  // namespace
}  // namespace rtbridge
